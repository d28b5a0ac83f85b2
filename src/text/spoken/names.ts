// Names of rulers, which a roman numeral follows as an ordinal: Henry VIII.
const MEN =
  'Henry Charles George William Edward James Richard Louis Philip Peter Paul John Pius Leo Gregory Clement Innocent Benedict Francis Nicholas ' +
  'Alexander Frederick Ferdinand Leopold Joseph Otto Napoleon Ivan Robert Alfonso Juan Carlos Umberto Constantine Urban Boniface Sixtus ' +
  'Julius Ramses Ramesses Ptolemy Darius Xerxes Albert Christian Gustav Harald Haakon Olaf Malcolm David Edgar Stephen Vladimir Basil ' +
  'Heinrich Karl Georg Wilhelm Eduard Jakob Ludwig Philipp Johannes Johann Gregor Klemens Innozenz Benedikt Franz Nikolaus Friedrich ' +
  'Josef Konrad Rudolf Maximilian Ottokar Albrecht Ferdinand Leopold Iwan Wenzel Matthias Sigismund Lothar Adolf Ernst August ' +
  'Urban Bonifatius Julius Cölestin Silvester Thutmosis Amenophis Ptolemaios Dareios Kasimir Sigmund Stephan Béla Ruprecht Eberhard Christoph ' +
  'Viktor Emanuel Emmanuel Alfons Carl Michael Mehmed Murad Selim Abdülhamid Nikolai Justinian Theodosius Theodoric Childerich Chlodwig Pippin';
const WOMEN =
  'Elizabeth Mary Catherine Margaret Anne Isabella Victoria Beatrix Cleopatra Christina Joanna Elisabeth Katharina Margarethe Maria Anna ' +
  'Christine Johanna Viktoria Kleopatra Margrethe Eleonore';

const men = new Set(MEN.split(' '));
const women = new Set(WOMEN.split(' '));

/** A name without the `s` of the genitive. */
const bare = (name: string): string => (men.has(name) || women.has(name) ? name : name.replace(/'?s$|'$/, ''));

/** Whether a name, also in the genitive, is one that rulers bear. */
export const isRegnalName = (name: string): boolean => men.has(bare(name)) || women.has(bare(name));

/** Whether a ruler's name is a woman's. */
export const isWomansName = (name: string): boolean => women.has(bare(name));

/** Whether a ruler's name stands in the genitive: `Heinrichs VIII.` */
export const isGenitiveName = (name: string): boolean => bare(name) !== name;
