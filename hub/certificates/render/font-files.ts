import { fileURLToPath } from 'node:url';
import { MAIN_FAMILY } from '../templates/schema.ts';

/* Paths only: the hub reads this, and the fonts themselves stay in the PDF process. */

export interface FontFamily {
  readonly regular: string;
  /** Absent: the regular face is thickened. */
  readonly bold?: string | undefined;
}

export interface FontFiles {
  /** By the name that templates use; the main family is always among them. */
  readonly families: Readonly<Record<string, FontFamily>>;
  /** Asked, in order, for what everything else lacks. For rare characters, for example HanaMinB. */
  readonly fallback: readonly string[];
}

const noto = (weight: string): string =>
  fileURLToPath(import.meta.resolve(`@expo-google-fonts/noto-serif-sc/${weight}/NotoSerifSC_${weight}.ttf`));

/** Noto Serif SC as the main family, and what the operator installed besides (which may also take its place). */
export function fontFiles(
  own: {
    readonly fonts?: Readonly<Record<string, FontFamily>>;
    readonly fallbackFontFile?: string | undefined;
  } = {},
): FontFiles {
  return {
    families: { [MAIN_FAMILY]: { regular: noto('400Regular'), bold: noto('700Bold') }, ...own.fonts },
    fallback: own.fallbackFontFile === undefined ? [] : [own.fallbackFontFile],
  };
}
