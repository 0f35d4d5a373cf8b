import { z } from 'zod';

const tone = z.enum(['ink', 'soft']).default('ink');
const weight = z.enum(['regular', 'bold']).default('regular');
const align = z.enum(['left', 'center', 'right']).default('left');
const size = z.number().min(5).max(60);
/** Points of white after the block. */
const after = z.number().min(0).max(400).default(0);
/** Only drawn when this field is given (a boolean field: when it is `true`). */
const when = z.string().optional();

/** Of a role and of a font family; a family is one that the configuration names (`certificates.fonts`), or the main one. */
const fontName = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/);
/** The role in which it is set; `text` when left out. */
const font = fontName.optional();

const smallLine = z.strictObject({ text: z.string(), size, weight, font });

const block = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('line'),
    when,
    text: z.string(),
    size,
    weight,
    font,
    tone,
    align,
    /** White between the characters, in em. */
    tracking: z.number().min(0).max(2).default(0),
    uppercase: z.boolean().default(false),
    after,
  }),
  z.strictObject({
    type: z.literal('paragraph'),
    when,
    text: z.string(),
    size,
    weight,
    font,
    tone,
    /** Distance of the base lines, in em. */
    leading: z.number().min(1).max(4),
    /** First line, in em. */
    indent: z.number().min(0).max(8).default(0),
    after,
  }),
  z.strictObject({ type: z.literal('rule'), when, after }),
  /** Labels with their values, in so many columns, row by row; an item without a value is left out. */
  z.strictObject({
    type: z.literal('pairs'),
    when,
    columns: z.int().min(1).max(4),
    size,
    font,
    /** Distance of the base lines, in em. */
    leading: z.number().min(1).max(4).default(1.9),
    items: z.array(z.strictObject({ label: z.string(), text: z.string() })).min(1),
    after,
  }),
  /**
   * The rows of a list field, over as many pages as it takes; its heading stands on each. `{{name}}` in a column names a
   * field of the row.
   */
  z.strictObject({
    type: z.literal('table'),
    when,
    rows: z.string(),
    size,
    font,
    columns: z
      .array(
        z.strictObject({
          title: z.string(),
          titleEn: z.string().optional(),
          text: z.string(),
          /** Its share of the width. */
          share: z.number().positive(),
          align,
        }),
      )
      .min(1)
      .max(12),
    /** Rows of one value of this field stand together under it. */
    groupBy: z.string().optional(),
    /** Side by side: 2 for long lists of short rows. Each page is filled column by column. */
    side: z.int().min(1).max(2).default(1),
    after,
  }),
  /** At the foot of the last page, its last line at a fixed height, the seal over it. */
  z.strictObject({
    type: z.literal('signature'),
    when,
    align: z.enum(['left', 'right']).default('right'),
    bottomMm: z.number().min(10).max(250),
    lines: z.array(smallLine).min(1),
    sealText: z.string(),
    sealPurpose: z.string(),
    sealDiameterMm: z.number().min(20).max(60),
  }),
  /** QR code and how to check the paper, at the foot of the last page. */
  z.strictObject({
    type: z.literal('verification'),
    when,
    bottomMm: z.number().min(10).max(250),
    qrMm: z.number().min(15).max(50),
    lines: z.array(smallLine).min(1),
  }),
]);

const required = z.boolean().default(false);
const scalarField = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    required,
    maxLength: z.int().min(1).max(500),
    pattern: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('choice'), required, options: z.array(z.string()).min(1) }),
  /** YYYY-MM-DD. */
  z.strictObject({ type: z.literal('date'), required }),
  /** A decimal number, for amounts and marks. */
  z.strictObject({ type: z.literal('number'), required, min: z.number().optional(), max: z.number().optional() }),
  /** `true` or `false`. */
  z.strictObject({ type: z.literal('boolean'), required }),
]);
const field = z.discriminatedUnion('type', [
  ...scalarField.options,
  /** Rows of a table. */
  z.strictObject({
    type: z.literal('list'),
    required,
    maxRows: z.int().min(1).max(500),
    row: z.record(z.string(), scalarField),
  }),
]);

/** `templates/<name>/<version>/template.json`: everything about a kind of certificate, no code. */
export const templateSchema = z.strictObject({
  title: z.strictObject({ zh: z.string(), en: z.string() }),
  /** Its main language, which readers for the blind are told. */
  language: z.enum(['zh-CN', 'en']).default('zh-CN'),
  paper: z.literal('A4'),
  marginMm: z.strictObject({ top: z.number(), side: z.number(), bottom: z.number() }),
  frame: z.boolean().default(false),
  /**
   * Families by role, the first that covers a text is taken: `{"text": ["latin", "song"], "name": ["kai"]}`. After them
   * every role tries those of `text`, the main family, and the operator's font for rare characters.
   */
  fonts: z.record(fontName, z.array(fontName).min(1)).default({}),
  fields: z.record(z.string(), field),
  watermark: z.strictObject({ when: z.string(), text: z.string(), textEn: z.string() }).optional(),
  /** What does not fit on one page is refused (`E-CERT-0204`), or goes on on further pages. */
  overflow: z.enum(['refuse', 'pages']).default('refuse'),
  /** At the foot of every page; may name `{{page}}` and `{{pages}}`. */
  footer: z.strictObject({ text: z.string(), size, font }).optional(),
  layout: z.array(block).min(1),
});

const row = z.record(z.string(), z.string());
/** `sample.json` beside it: what the preview and the tests fill in. */
export const sampleSchema = z.strictObject({
  studentName: z.string(),
  studentNumber: z.string(),
  fields: z.record(z.string(), z.union([z.string(), z.array(row)])),
});

/** The family that ships with the product, and what a text is set in when nothing else is said. */
export const MAIN_FAMILY = 'song';
export const MAIN_ROLE = 'text';

export type TemplateFonts = Readonly<Record<string, readonly string[]>>;
export type TemplateBody = z.infer<typeof templateSchema>;
export type Block = TemplateBody['layout'][number];
export type ScalarRule = z.infer<typeof scalarField>;
export type Sample = z.infer<typeof sampleSchema>;

export interface Template extends TemplateBody {
  readonly name: string;
  readonly version: number;
}
