import { fileURLToPath } from 'node:url';

/* Paths only: the hub reads this, and the fonts themselves stay in the PDF process. */

export interface FontFiles {
  readonly regular: string;
  readonly bold: string;
  /** Asked, in order, for what the main face lacks. For rare characters, for example HanaMinB. */
  readonly fallback: readonly string[];
}

const noto = (weight: string): string =>
  fileURLToPath(import.meta.resolve(`@expo-google-fonts/noto-serif-sc/${weight}/NotoSerifSC_${weight}.ttf`));

/** Noto Serif SC, and what the operator installed besides. */
export function fontFiles(fallback: readonly string[] = []): FontFiles {
  return { regular: noto('400Regular'), bold: noto('700Bold'), fallback };
}
