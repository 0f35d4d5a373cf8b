import { readFileSync } from 'node:fs';
import type { PDFDocument, PDFFont } from '@cantoo/pdf-lib';
import * as fontkit from '@cantoo/fontkit';
import { type Result, failure, ok } from '@hallhub/sync/base';
import { codePoints } from '../code-points.ts';
import type { FontFiles } from './font-files.ts';
import type { Run } from '../templates/fill.ts';

interface Face {
  readonly bytes: Uint8Array;
  readonly font: fontkit.Font;
}

/** Fonts of this process, parsed once: parsing is the slow part of a certificate. */
export interface FontBox {
  /** Every code point of the text that no face covers, in order, once each. */
  missing(text: string): readonly string[];
  open(document: PDFDocument): PageFonts;
}

/** The faces inside one document; a face is embedded when it is first used. */
export interface PageFonts {
  /**
   * The face that covers this cell. The whole text was checked by {@link FontBox.missing} before. Fallback faces have one
   * weight: `embolden` asks to thicken them, so that a rare character does not look faint in a bold name.
   */
  pick(cell: string, bold: boolean): Promise<{ readonly font: PDFFont; readonly embolden: boolean }>;
}

/** Error: `E-CERT-0303` naming the file. */
export function loadFonts(files: FontFiles): Result<FontBox> {
  const faces = new Map<string, Face>();
  for (const file of [files.regular, files.bold, ...files.fallback]) {
    try {
      const bytes = readFileSync(file);
      const font = fontkit.create(bytes);
      if (!('hasGlyphForCodePoint' in font)) return failure('E-CERT-0303', `${file}: a collection, give one face`);
      faces.set(file, { bytes, font });
    } catch (error) {
      return failure('E-CERT-0303', `${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const covers = (file: string, cell: string): boolean => {
    const font = faces.get(file)?.font;
    return (
      font !== undefined && codePoints(cell).every((point) => font.hasGlyphForCodePoint(point.codePointAt(0) ?? 0))
    );
  };
  // Both weights of the main face must have it, so that weight never decides whether a name can be printed.
  const chain = (bold: boolean): readonly string[] => [bold ? files.bold : files.regular, ...files.fallback];
  const parsed = new Map<Uint8Array, fontkit.Font>([...faces.values()].map(({ bytes, font }) => [bytes, font]));
  const kit = {
    create: (bytes: Uint8Array) => {
      const font = parsed.get(bytes);
      if (!font) throw new Error('a font that was not loaded at start');
      return font;
    },
  };
  return ok({
    missing: (text) => {
      const lacking = [...new Set(text)].filter(
        (point) => ![false, true].every((bold) => chain(bold).some((file) => covers(file, point))),
      );
      return lacking;
    },
    open: (document) => {
      document.registerFontkit(kit);
      const embedded = new Map<string, Promise<PDFFont>>();
      return {
        pick: async (cell, bold) => {
          const [main = files.regular] = chain(bold);
          const file = chain(bold).find((candidate) => covers(candidate, cell)) ?? main;
          const face = faces.get(file);
          if (!face) throw new Error(`no face ${file}`);
          const font = embedded.get(file) ?? document.embedFont(face.bytes, { subset: true });
          embedded.set(file, font);
          return { font: await font, embolden: bold && file !== main };
        },
      };
    },
  });
}

/** How a refused character is named: itself and its code point. */
export function nameOf(point: string): string {
  return `${point} U+${(point.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

export const textOf = (runs: readonly Run[]): string => runs.map((run) => run.text).join('');
