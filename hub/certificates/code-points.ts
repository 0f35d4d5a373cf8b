/** The text's code points: a rare character outside the BMP is one, not two halves. */
export const codePoints = (text: string): readonly string[] => Array.from(text);
