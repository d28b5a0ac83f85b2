// German as a reader says it: what is written, and what is heard.
import { describe, expect, it } from 'vitest';
import { spokenText } from '../../../../src/text/spoken/spoken-text.js';

const cases: Record<string, [written: string, spoken: string][]> = {
  numbers: [
    [
      '1 Euro, 1 Kind, 1 Stunde, 21 Tage, 101, 1.001',
      'ein Euro, ein Kind, eine Stunde, einundzwanzig Tage, einhunderteins, eintausendeins',
    ],
    ['mit 1 Euro in 1 Stunde für 1 Tag', 'mit einem Euro in einer Stunde für einen Tag'],
    ['Kapitel 1, Seite 1 und 1 Buch', 'Kapitel eins, Seite eins und ein Buch'],
    [
      '1 Million, 1 Mio. Euro, 5 Mio. €, 2,5 Mrd. Dollar',
      'eine Million, eine Million Euro, fünf Millionen Euro, zwei Komma fünf Milliarden Dollar',
    ],
    ['1.234.567', 'eine Million zweihundertvierunddreißigtausendfünfhundertsiebenundsechzig'],
    ["1'000 und 2.000.001", 'eintausend und zwei Millionen eins'],
    ['3,14; 0,5; 3.14; -5', 'drei Komma eins vier; null Komma fünf; drei Punkt eins vier; minus fünf'],
    ['1,2,3 und 1.2.3', 'eins, zwei, drei und eins Punkt zwei Punkt drei'],
    ['007', 'null null sieben'],
  ],
  ordinals: [
    ['1. FC Köln', 'erster F C Köln'],
    ['Am 3. Mai war der 3. Mai, vom 3. bis 5. Mai.', 'Am dritten Mai war der dritte Mai, vom dritten bis fünften Mai.'],
    ['am 3., 4. und 5. Mai', 'am dritten, vierten und fünften Mai'],
    [
      'Seit 3. Mai, ab 1. Januar, Montag, den 3. Mai, Berlin, 3. Mai',
      'Seit drittem Mai, ab erstem Januar, Montag, den dritten Mai, Berlin, dritter Mai',
    ],
    ['im 19. Jahrhundert, der 2. Weltkrieg', 'im neunzehnten Jahrhundert, der Zweite Weltkrieg'],
    ['3. Platz, 1. Klasse, 3. Kapitel', 'dritter Platz, erste Klasse, drittes Kapitel'],
    [
      'in der 3. Klasse, die 3. Klasse, ein 3. Kind, sein 2. Sohn',
      'in der dritten Klasse, die dritte Klasse, ein drittes Kind, sein zweiter Sohn',
    ],
    ['jeder 3. Mensch, zum 1. Mal, der 101. Gast', 'jeder dritte Mensch, zum ersten Mal, der einhunderterste Gast'],
    ['am 5. der Fall', 'am fünften der Fall'],
    [
      'Er war 3. Die anderen kamen. Er wurde der 3. Die Sonne.',
      'Er war drei. Die anderen kamen. Er wurde der dritte. Die Sonne.',
    ],
    ['Es waren 5. Peter ging.', 'Es waren fünf. Peter ging.'],
    ['Das war 1984. Peter ging am 5.', 'Das war neunzehnhundertvierundachtzig. Peter ging am fünften.'],
  ],
  years: [
    [
      '1984, 2005, 1900, im Jahr 1500, 1500 Menschen',
      'neunzehnhundertvierundachtzig, zweitausendfünf, neunzehnhundert, im Jahr fünfzehnhundert, eintausendfünfhundert Menschen',
    ],
    ['die 1980er Jahre, 20er-Jahre, 90er', 'die neunzehnhundertachtziger Jahre, zwanziger Jahre, neunziger'],
    [
      '1990–1995, 1990-95, 2019/20',
      'neunzehnhundertneunzig bis neunzehnhundertfünfundneunzig, neunzehnhundertneunzig bis fünfundneunzig, zweitausendneunzehn zwanzig',
    ],
  ],
  money: [
    ['1.299,99 Euro', 'eintausendzweihundertneunundneunzig Euro neunundneunzig'],
    [
      '5,50 €, 0,99 €, 1,01 €, 1 €, €5, 5,– €',
      'fünf Euro fünfzig, neunundneunzig Cent, ein Euro eins, ein Euro, fünf Euro, fünf Euro',
    ],
    [
      '3,20 $, 1,50 £, 5 EUR, 20 DM, 1 DM',
      'drei Dollar zwanzig, ein Pfund fünfzig, fünf Euro, zwanzig Mark, eine Mark',
    ],
  ],
  measures: [
    ['5 %, 1 %, 10-12 %, 100%ig', 'fünf Prozent, ein Prozent, zehn bis zwölf Prozent, einhundertprozentig'],
    ['-5 °C, 20°, 1 °C', 'minus fünf Grad Celsius, zwanzig Grad, ein Grad Celsius'],
    [
      '120 km/h, 5 m², 70kg, 3,5 MB, 1 t',
      'einhundertzwanzig Kilometer pro Stunde, fünf Quadratmeter, siebzig Kilogramm, drei Komma fünf Megabyte, eine Tonne',
    ],
    [
      '5 Std. und 10 Min. Pause, dann 5 Min. Er ging.',
      'fünf Stunden und zehn Minuten Pause, dann fünf Minuten. Er ging.',
    ],
    ['Sie lief 100 m. Otto lief.', 'Sie lief einhundert Meter. Otto lief.'],
  ],
  times: [
    [
      '14:30 Uhr, 14.30 Uhr, 1 Uhr, 1:05 Uhr, 0:15 Uhr',
      'vierzehn Uhr dreißig, vierzehn Uhr dreißig, ein Uhr, ein Uhr fünf, null Uhr fünfzehn',
    ],
    ['14:30, 8:00–10:00 Uhr, 3:2', 'vierzehn Uhr dreißig, acht Uhr bis zehn Uhr, drei zu zwei'],
  ],
  dates: [
    ['Vom 1.1. bis 31.3.2020', 'Vom ersten Januar bis einunddreißigsten März zweitausendzwanzig'],
    [
      'Am 12.5.2020, der 12.05.98, 12.5.2020',
      'Am zwölften Mai zweitausendzwanzig, der zwölfte Mai achtundneunzig, zwölfter Mai zweitausendzwanzig',
    ],
    ['am 12.5. war er da, am 12. 5. 1984', 'am zwölften Mai war er da, am zwölften Mai neunzehnhundertvierundachtzig'],
    ['2020-05-12', 'zwölfter Mai zweitausendzwanzig'],
    ['Er kam am 12.5. Dann ging er.', 'Er kam am zwölften Mai. Dann ging er.'],
  ],
  ranges: [['10–12, 10 - 3, 3-2', 'zehn bis zwölf, zehn minus drei, drei zu zwei']],
  fractions: [
    [
      '½ Liter, ½ Stunde, ½ kg, 1½ Stunden, 2½ km',
      'ein halber Liter, eine halbe Stunde, ein halbes Kilogramm, eineinhalb Stunden, zweieinhalb Kilometer',
    ],
    ['3/4, 2/3, 1/20', 'drei Viertel, zwei Drittel, ein Zwanzigstel'],
  ],
  words: [
    [
      '3fach, 3-mal, 80-jährig, der 18-Jährige, 21-mal',
      'dreifach, dreimal, achtzigjährig, der Achtzehnjährige, einundzwanzigmal',
    ],
    ['3-Zimmer-Wohnung', 'drei-Zimmer-Wohnung'],
  ],
  abbreviations: [
    [
      'z. B. Hunde, d.h. Tiere, usw. Der Hund, bzw. Nr. 5',
      'zum Beispiel Hunde, das heißt Tiere, und so weiter. Der Hund, beziehungsweise Nummer fünf',
    ],
    [
      'Dr. Müller, Hauptstr. 5, Berliner Str. 12, ca. 5',
      'Doktor Müller, Hauptstraße fünf, Berliner Straße zwölf, circa fünf',
    ],
    ['Er lebt in der Hauptstr. Das Haus ist alt, usw.', 'Er lebt in der Hauptstraße. Das Haus ist alt, und so weiter.'],
    ['50 v. Chr., St. Gallen, u.a. hier', 'fünfzig vor Christus, Sankt Gallen, unter anderem hier'],
    ['Z. B. heute. Siehe S. 5.', 'Zum Beispiel heute. Siehe Seite fünf.'],
  ],
  acronyms: [
    ['SPD, NATO, USA, SPD-Politiker, LKWs, GmbH, TÜV', 'S P D, NATO, U S A, S P D-Politiker, L K Ws, G M B H, TÜV'],
    ['MP3, A4, CO2', 'M P drei, A vier, CO zwei'],
  ],
  romans: [
    [
      'Heinrich VIII. war König, die Frau Heinrichs VIII.',
      'Heinrich der Achte war König, die Frau Heinrichs des Achten.',
    ],
    [
      'von Ludwig XIV. gebaut, für Ludwig XIV. gebaut',
      'von Ludwig dem Vierzehnten gebaut, für Ludwig den Vierzehnten gebaut',
    ],
    ['von Königin Elisabeth II. Die Sonne', 'von Königin Elisabeth der Zweiten. Die Sonne'],
    ['im XX. Jahrhundert, Kapitel IV, Hartz IV', 'im zwanzigsten Jahrhundert, Kapitel vier, Hartz vier'],
  ],
  signs: [
    ['A&B, 2 + 2 = 4, #5, § 5', 'A und B, zwei plus zwei gleich vier, Nummer fünf, Paragraf fünf'],
    ['jo@beispiel.de, www.beispiel.de', 'jo ät beispiel Punkt de, w w w Punkt beispiel Punkt de'],
    [
      'Tel. 030/123456, (030) 123456, +49 30 12',
      'Telefon null drei null, eins zwei drei vier fünf sechs, null drei null, eins zwei drei vier fünf sechs, plus vier neun, drei null, eins zwei',
    ],
  ],
  punctuation: [['„Hallo“ — ‚ja‘… »gut« - so.', '"Hallo" – \'ja\'... "gut" – so.']],
};

describe('spokenText in German', () => {
  for (const [kind, rows] of Object.entries(cases)) {
    it.each(rows)(`${kind}: %s`, (written, spoken) => {
      expect(spokenText(written, 'german')).toBe(spoken);
    });
  }
});
