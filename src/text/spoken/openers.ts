// Words that begin sentences: a period before one of them in capitals is more than that of an abbreviation.
import type { Language } from './abbreviations.js';

/** Words that begin a sentence when they have a capital: a name or, in German, a noun seldom does so after an abbreviation. */
const OPENERS: Readonly<Record<Language, ReadonlySet<string>>> = {
  english: new Set(
    (
      'The A An This That These Those He She It We They You I There Here But And Or So If When While As At In On After Before ' +
      'His Her Its Our Their My Your What Who Why How Where Then Now However No Not Yes For From With By To Is Are Was Were ' +
      'Some Many Most All Each Both One Two Do Does Did Can Could Will Would Please Let'
    ).split(' '),
  ),
  german: new Set(
    (
      'Der Die Das Den Dem Des Ein Eine Einen Einem Einer Eines Er Sie Es Wir Ihr Ich Du Man Und Oder Aber Doch Denn Da Dann Dort ' +
      'Hier Nun Jetzt So Als Wenn Weil Ob Wie Was Wer Wo Warum Im In Am An Auf Aus Bei Beim Mit Nach Seit Von Vom Vor Zu Zum Zur ' +
      'Für Durch Um Ohne Gegen Über Unter Nicht Kein Keine Sein Seine Seinen Ihre Ihren Unser Mein Dein Dieser Diese Dieses Diesen Diesem ' +
      'Alle Auch Nur Noch Schon Sehr Trotz Während Obwohl Dabei Damit Danach Daher Dazu Dadurch Deshalb Später Heute Gestern Morgen ' +
      'Es Ist War Sind Hat Bitte Ja Nein Jeder Jede Jedes Einige Viele Beide Zunächst Zuerst'
    ).split(' '),
  ),
};

/** Whether a word with a capital begins many a sentence in one of `languages`. */
export const isOpener = (word: string, languages: readonly Language[]): boolean =>
  languages.some((language) => OPENERS[language].has(word));
