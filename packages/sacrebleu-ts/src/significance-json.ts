// Numbers and texts as Python's module json writes them.

/** A number as Python's `repr` writes it: with a decimal point, and with an exponent where Python has one. */
export function pythonRepr(value: number): string {
  const [digits = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  // JavaScript turns to exponents only below 1e-6 and from 1e21 on, outside the range that is left here.
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** A text as Python writes it in JSON: in ASCII. */
export const pythonText = (text: string) =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
