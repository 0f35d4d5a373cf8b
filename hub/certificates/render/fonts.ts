import { readFileSync } from 'node:fs';
import type { PDFDocument, PDFFont } from '@cantoo/pdf-lib';
import * as fontkit from '@cantoo/fontkit';
import { type Result, failure, ok } from '@hallhub/sync/base';
import { codePoints } from '../code-points.ts';
import { MAIN_FAMILY, MAIN_ROLE, type TemplateFonts } from '../templates/schema.ts';
import type { FontFamily, FontFiles } from './font-files.ts';
import { stretches } from './script.ts';

/** How a text is to look. */
export interface Look {
  readonly bold: boolean;
  /** A role that the template declares; its text by default. */
  readonly font?: string | undefined;
}

export interface CellFace {
  readonly font: PDFFont;
  /** A family of one weight is thickened where bold is asked for, so that a rare character does not look faint in a bold name. */
  readonly embolden: boolean;
}

/** Fonts of this process, parsed once: parsing is the slow part of a certificate. */
export interface FontBox {
  /** @param fonts Which families the roles of a template take, in order; the main family for everything by default. */
  open(document: PDFDocument, fonts?: TemplateFonts): PageFonts;
}

/** The faces inside one document; a face is embedded when it is first used. */
export interface PageFonts {
  /**
   * The faces of a run's cells. As much of it as is of one script takes the first family that covers all of that, so that a
   * name is not pieced together; only what no family covers as a whole takes, character by character, the first that has it.
   */
  facesOf(cells: readonly string[], look: Look): Promise<readonly CellFace[]>;
  /** One face for all of a text. */
  faceOf(text: string, look: Look): Promise<PDFFont>;
  /**
   * Code points that were asked for and that no face covers, once each. They are drawn as blanks without any other sign: a
   * document with such ones must not leave.
   */
  readonly lacking: ReadonlySet<string>;
}

interface Face {
  readonly bytes: Uint8Array;
  readonly font: fontkit.Font;
}

/** Error: `E-CERT-0303` naming the file. */
export function loadFonts({ families, fallback }: FontFiles): Result<FontBox> {
  const last = fallback.map((regular): FontFamily => ({ regular }));
  const every = [...Object.values(families), ...last];
  const faces = new Map<string, Face>();
  for (const file of every.flatMap(({ regular, bold }) => [regular, bold ?? regular])) {
    if (faces.has(file)) continue;
    const face = readFace(file);
    if (!face.ok) return face;
    faces.set(file, face.value);
  }
  const faceIn = (file: string): Face => {
    const face = faces.get(file);
    if (!face) throw new Error(`no face ${file}`);
    return face;
  };
  // All weights of a family must have it, so that weight never decides in which family a name is printed.
  const covers = ({ regular, bold = regular }: FontFamily, text: string): boolean =>
    codePoints(text).every((point) =>
      [regular, bold].every((file) => faceIn(file).font.hasGlyphForCodePoint(point.codePointAt(0) ?? 0)),
    );
  const parsed = new Map<Uint8Array, fontkit.Font>([...faces.values()].map(({ bytes, font }) => [bytes, font]));
  const kit = {
    create: (bytes: Uint8Array) => {
      const font = parsed.get(bytes);
      if (!font) throw new Error('a font that was not loaded at start');
      return font;
    },
  };
  const chainOf = (fonts: TemplateFonts, role: string): readonly FontFamily[] => {
    const names = new Set([...(fonts[role] ?? []), ...(fonts[MAIN_ROLE] ?? []), MAIN_FAMILY]);
    return [...[...names].map((name) => families[name]).filter((family) => family !== undefined), ...last];
  };

  return ok({
    open: (document, fonts = {}) => {
      document.registerFontkit(kit);
      const lacking = new Set<string>();
      const embedded = new Map<string, Promise<PDFFont>>();
      const embed = (family: FontFamily, { bold }: Look): Promise<PDFFont> => {
        const file = bold ? (family.bold ?? family.regular) : family.regular;
        const font = embedded.get(file) ?? document.embedFont(faceIn(file).bytes, { subset: true });
        embedded.set(file, font);
        return font;
      };
      const lackedBy = (family: FontFamily, text: string): readonly string[] =>
        codePoints(text).filter((point) => !covers(family, point));
      /** The first of the chain that covers it; else the one that lacks least of it, and that is noted. */
      const firstFor = (chain: readonly FontFamily[], text: string): FontFamily => {
        const found = chain.find((family) => covers(family, text));
        if (found) return found;
        const [least] = chain
          .map((family) => ({ family, lacked: lackedBy(family, text) }))
          .toSorted((one, other) => one.lacked.length - other.lacked.length);
        if (!least) throw new Error('no main family');
        for (const point of least.lacked) lacking.add(point);
        return least.family;
      };
      return {
        lacking,
        faceOf: (text, look) => embed(firstFor(chainOf(fonts, look.font ?? MAIN_ROLE), text), look),
        facesOf: async (cells, look) => {
          const chain = chainOf(fonts, look.font ?? MAIN_ROLE);
          const chosen = stretches(cells).flatMap((stretch) => {
            const whole = chain.find((family) => covers(family, stretch.join('')));
            return stretch.map((cell) => whole ?? firstFor(chain, cell));
          });
          return Promise.all(
            chosen.map(async (family) => ({
              font: await embed(family, look),
              embolden: look.bold && family.bold === undefined,
            })),
          );
        },
      };
    },
  });
}

function readFace(file: string): Result<Face> {
  try {
    const bytes = readFileSync(file);
    const font = fontkit.create(bytes);
    if (!('hasGlyphForCodePoint' in font)) return failure('E-CERT-0303', `${file}: a collection, give one face`);
    return ok({ bytes, font });
  } catch (error) {
    return failure('E-CERT-0303', `${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** How a refused character is named: itself and its code point. */
export function nameOf(point: string): string {
  return `${point} U+${(point.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
