// Units and currencies with the words for one and for several, by language.
import type { Language } from './abbreviations.js';
import type { Gender } from './german-nouns.js';

export interface Unit {
  readonly one: string;
  readonly many: string;
  /** The gender of the word, in German. */
  readonly gender: Gender;
}

export interface Currency extends Unit {
  /** A hundredth, where there is one. */
  readonly cents?: Unit;
}

const GENDERS: Readonly<Record<string, Gender>> = { m: 'masculine', f: 'feminine', n: 'neuter' };

/** `symbol one many gender`, separated by `;`; `_` stands for a space. */
function read(table: string): ReadonlyMap<string, Unit> {
  return new Map(
    table.split(';').flatMap((entry) => {
      const [symbols = '', one = '', many = one, gender = 'm'] = entry
        .trim()
        .split(' ')
        .map((part) => part.replaceAll('_', ' '));
      const unit = { one, many, gender: GENDERS[gender] ?? 'masculine' };
      return symbols.split('|').map((symbol): [string, Unit] => [symbol, unit]);
    }),
  );
}

/** The units that are read after a number. */
export const UNITS: Readonly<Record<Language, ReadonlyMap<string, Unit>>> = {
  english: read(
    'km kilometer kilometers; m meter meters; cm centimeter centimeters; mm millimeter millimeters; µm|μm micrometer micrometers; ' +
      'nm nanometer nanometers; mi mile miles; ft foot feet; yd yard yards; kg kilogram kilograms; g gram grams; mg milligram milligrams; ' +
      't ton tons; lb|lbs pound pounds; oz ounce ounces; l|L liter liters; ml|mL milliliter milliliters; cl centiliter centiliters; ' +
      's|sec second seconds; ms millisecond milliseconds; min minute minutes; h|hr|hrs hour hours; km/h|kph kilometer_per_hour kilometers_per_hour; ' +
      'mph mile_per_hour miles_per_hour; m/s meter_per_second meters_per_second; m² square_meter square_meters; km² square_kilometer square_kilometers; ' +
      'cm² square_centimeter square_centimeters; m³ cubic_meter cubic_meters; cm³ cubic_centimeter cubic_centimeters; ha hectare hectares; ' +
      'W watt watts; kW kilowatt kilowatts; MW megawatt megawatts; GW gigawatt gigawatts; kWh kilowatt_hour kilowatt_hours; V volt volts; ' +
      'Hz hertz hertz; kHz kilohertz kilohertz; MHz megahertz megahertz; GHz gigahertz gigahertz; kJ kilojoule kilojoules; ' +
      'kcal kilocalorie kilocalories; hPa hectopascal hectopascals; kB|KB kilobyte kilobytes; MB megabyte megabytes; GB gigabyte gigabytes; ' +
      'TB terabyte terabytes; kbit/s kilobit_per_second kilobits_per_second; Mbit/s megabit_per_second megabits_per_second; dB decibel decibels; ' +
      'rpm revolution_per_minute revolutions_per_minute; ° degree degrees; °C|℃ degree_Celsius degrees_Celsius; ' +
      '°F|℉ degree_Fahrenheit degrees_Fahrenheit; % percent percent; ‰ per_mille per_mille',
  ),
  german: read(
    'km Kilometer; m Meter; cm Zentimeter; mm Millimeter; µm|μm Mikrometer; nm Nanometer; kg Kilogramm Kilogramm n; g Gramm Gramm n; ' +
      'mg Milligramm Milligramm n; t Tonne Tonnen f; l|L Liter; ml|mL Milliliter; cl Zentiliter; hl Hektoliter; s|sec|Sek|sek Sekunde Sekunden f; ' +
      'ms Millisekunde Millisekunden f; min|Min Minute Minuten f; h|Std Stunde Stunden f; km/h Kilometer_pro_Stunde Kilometer_pro_Stunde; ' +
      'm/s Meter_pro_Sekunde Meter_pro_Sekunde; m² Quadratmeter; km² Quadratkilometer; cm² Quadratzentimeter; m³ Kubikmeter; ' +
      'cm³ Kubikzentimeter; ha Hektar; W Watt Watt n; kW Kilowatt Kilowatt n; MW Megawatt Megawatt n; GW Gigawatt Gigawatt n; ' +
      'kWh Kilowattstunde Kilowattstunden f; V Volt Volt n; Hz Hertz Hertz n; kHz Kilohertz Kilohertz n; MHz Megahertz Megahertz n; ' +
      'GHz Gigahertz Gigahertz n; kJ Kilojoule Kilojoule n; kcal Kilokalorie Kilokalorien f; hPa Hektopascal Hektopascal n; PS PS PS n; ' +
      'kB|KB Kilobyte Kilobyte n; MB Megabyte Megabyte n; GB Gigabyte Gigabyte n; TB Terabyte Terabyte n; ' +
      'kbit/s Kilobit_pro_Sekunde Kilobit_pro_Sekunde n; Mbit/s|MBit/s Megabit_pro_Sekunde Megabit_pro_Sekunde n; dB Dezibel Dezibel n; ' +
      '° Grad Grad n; °C|℃ Grad_Celsius Grad_Celsius n; °F|℉ Grad_Fahrenheit Grad_Fahrenheit n; % Prozent Prozent n; ‰ Promille Promille n',
  ),
};

const unit = (one: string, many: string, gender: Gender = 'masculine'): Unit => ({ one, many, gender });

const cent = unit('cent', 'cents');
const CURRENCY_SYMBOLS: Readonly<Record<string, string>> = { '€': 'EUR', $: 'USD', US$: 'USD', '£': 'GBP', '¥': 'JPY' };
const CURRENCIES: Readonly<Record<Language, Readonly<Record<string, Currency>>>> = {
  english: {
    EUR: { ...unit('euro', 'euros'), cents: cent },
    USD: { ...unit('dollar', 'dollars'), cents: cent },
    GBP: { ...unit('pound', 'pounds'), cents: unit('penny', 'pence') },
    JPY: unit('yen', 'yen'),
    CHF: unit('Swiss franc', 'Swiss francs'),
  },
  german: {
    Euro: { ...unit('Euro', 'Euro'), cents: unit('Cent', 'Cent') },
    EUR: { ...unit('Euro', 'Euro'), cents: unit('Cent', 'Cent') },
    USD: { ...unit('Dollar', 'Dollar'), cents: unit('Cent', 'Cent') },
    GBP: { ...unit('Pfund', 'Pfund', 'neuter'), cents: unit('Penny', 'Pence') },
    JPY: unit('Yen', 'Yen'),
    CHF: { ...unit('Schweizer Franken', 'Schweizer Franken'), cents: unit('Rappen', 'Rappen') },
    DM: { ...unit('Mark', 'Mark', 'feminine'), cents: unit('Pfennig', 'Pfennig') },
  },
};

/** The currency of a symbol (€) or code (EUR), if it is one that is known. */
export function currencyOf(text: string, language: Language): Currency | undefined {
  const table = CURRENCIES[language];
  const code = CURRENCY_SYMBOLS[text] ?? text;
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** The source of a pattern for what stands before an amount. */
export const FRONT_CURRENCY = 'US\\$|[€$£¥]|(?:EUR|USD|GBP|CHF) ?';

/** The source of a pattern for a unit or currency behind a number, the longest first. */
export function unitPattern(language: Language): string {
  const currencies = ['US$', '€', '$', '£', '¥', ...Object.keys(CURRENCIES[language])];
  const all = [...UNITS[language].keys(), ...currencies].sort((a, b) => b.length - a.length);
  return all.map((symbol) => symbol.replace(/[$/]/g, '\\$&')).join('|');
}
