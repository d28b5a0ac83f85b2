// The abbreviations that are written out, by language, and whether a sentence may end with them.
export type Language = 'english' | 'german';

/**
 * `never` ends no sentence (Dr.), `may` may (etc.), `number` is one only before a digit (No. 5).
 */
type AbbreviationKind = 'never' | 'may' | 'number';

interface Abbreviation {
  readonly spoken: string;
  readonly kind: AbbreviationKind;
}

/** `written = spoken`, separated by `;`. A space in what is written may be left out in a text. */
const TABLES: Record<Language, Record<AbbreviationKind, string>> = {
  english: {
    never:
      'Mr.=Mister; Mrs.=Missus; Ms.=Miz; Dr.=Doctor; Drs.=Doctors; Prof.=Professor; Rev.=Reverend; Hon.=Honorable; Gen.=General; ' +
      'Col.=Colonel; Maj.=Major; Capt.=Captain; Lt.=Lieutenant; Sgt.=Sergeant; Cpl.=Corporal; Adm.=Admiral; Gov.=Governor; ' +
      'Sen.=Senator; Rep.=Representative; Pres.=President; Mt.=Mount; Ft.=Fort; Messrs.=Messieurs; Mme.=Madame; Mlle.=Mademoiselle; ' +
      'e. g.=for example; i. e.=that is; vs.=versus; approx.=approximately; cf.=compare; viz.=namely; incl.=including; ca.=circa',
    may:
      'etc.=et cetera; et al.=et al; Jr.=Junior; Sr.=Senior; Esq.=Esquire; Inc.=Incorporated; Corp.=Corporation; Ltd.=Limited; ' +
      'Co.=Company; Bros.=Brothers; Ave.=Avenue; Blvd.=Boulevard; Rd.=Road; Sq.=Square; Hwy.=Highway; Dept.=Department; dept.=department; ' +
      'govt.=government; a. m.=A M; p. m.=P M; St.=Street',
    number:
      'No.=Number; no.=number; Nos.=Numbers; nos.=numbers; p.=page; pp.=pages; vol.=volume; ch.=chapter; fig.=figure; ' +
      'Vol.=Volume; Ch.=Chapter; Fig.=Figure; sec.=section; Sec.=Section; art.=article; Art.=Article; ' +
      'Jan.=January; Feb.=February; Mar.=March; Apr.=April; Jun.=June; Jul.=July; Aug.=August; Sep.=September; Sept.=September; ' +
      'Oct.=October; Nov.=November; Dec.=December',
  },
  german: {
    never:
      'z. B.=zum Beispiel; d. h.=das heißt; d. i.=das ist; bzw.=beziehungsweise; ca.=circa; vgl.=vergleiche; Dr.=Doktor; Prof.=Professor; ' +
      'Hr.=Herr; Hrn.=Herrn; Fr.=Frau; Frl.=Fräulein; St.=Sankt; Dipl.-Ing.=Diplomingenieur; Ing.=Ingenieur; Mag.=Magister; ' +
      'sog.=sogenannte; bspw.=beispielsweise; ggf.=gegebenenfalls; evtl.=eventuell; inkl.=inklusive; exkl.=exklusive; ' +
      'einschl.=einschließlich; zzgl.=zuzüglich; abzgl.=abzüglich; insb.=insbesondere; geb.=geboren; gest.=gestorben; ' +
      'u. a.=unter anderem; u. U.=unter Umständen; v. a.=vor allem; i. d. R.=in der Regel; i. A.=im Auftrag; i. V.=in Vertretung; ' +
      'm. E.=meines Erachtens; o. g.=oben genannte; s. o.=siehe oben; s. u.=siehe unten; z. T.=zum Teil; z. Zt.=zurzeit; z. Z.=zurzeit; ' +
      'max.=maximal; Tel.=Telefon; Tsd.=Tausend; Mio.=Millionen; Mrd.=Milliarden; Co.=Co; allg.=allgemein; ev.=evangelisch; ' +
      'kath.=katholisch; frz.=französisch; engl.=englisch; lat.=lateinisch; röm.=römisch; Std.=Stunden; Min.=Minuten; Sek.=Sekunden',
    may:
      'usw.=und so weiter; etc.=et cetera; u. Ä.=und Ähnliches; u. ä.=und ähnliches; o. Ä.=oder Ähnliches; o. ä.=oder ähnliches; ' +
      'u. v. m.=und vieles mehr; u. a. m.=und anderes mehr; usf.=und so fort; v. Chr.=vor Christus; n. Chr.=nach Christus; ' +
      'e. V.=eingetragener Verein; Jh.=Jahrhundert; Jhd.=Jahrhundert; Jr.=Junior; Str.=Straße',
    number:
      'Nr.=Nummer; Nrn.=Nummern; S.=Seite; Bd.=Band; Kap.=Kapitel; Abs.=Absatz; Art.=Artikel; Abb.=Abbildung; Tab.=Tabelle; min.=minimal; ' +
      'Jan.=Januar; Feb.=Februar; Apr.=April; Aug.=August; Sep.=September; Sept.=September; Okt.=Oktober; Nov.=November; Dez.=Dezember',
  },
};

const withoutSpaces = (text: string): string => text.replaceAll(' ', '');
const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function readTables(language: Language): ReadonlyMap<string, Abbreviation> {
  const entries = Object.entries(TABLES[language]).flatMap(([kind, table]) =>
    table.split(';').map((entry): [string, Abbreviation] => {
      const [written = '', spoken = ''] = entry.trim().split('=');
      return [withoutSpaces(written), { spoken, kind: kind as AbbreviationKind }];
    }),
  );
  const all = new Map(entries);
  // `Z. B.` begins a sentence; a capital changes no meaning in those of two words or more.
  for (const [written, { spoken, kind }] of entries) {
    const big = capitalised(written);
    if (!all.has(big)) all.set(big, { spoken: capitalised(spoken), kind });
  }
  return all;
}

/** The abbreviations of a language, written without spaces. */
export const ABBREVIATIONS: Readonly<Record<Language, ReadonlyMap<string, Abbreviation>>> = {
  english: readTables('english'),
  german: readTables('german'),
};

/** The source of a pattern for any abbreviation of a language, the longest first; spaces are allowed after its periods. */
export function abbreviationPattern(language: Language): string {
  const written = [...ABBREVIATIONS[language].keys()].sort((a, b) => b.length - a.length);
  return written.map((text) => text.replaceAll('.', '\\. ?').replace(/ \?$/, '')).join('|');
}
