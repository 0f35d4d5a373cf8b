import { z } from 'zod';

const tone = z.enum(['ink', 'soft']).default('ink');
const weight = z.enum(['regular', 'bold']).default('regular');
const size = z.number().min(5).max(60);
/** Points of white after the block. */
const after = z.number().min(0).max(400).default(0);
/** Only drawn when this field is given (a boolean field: when it is `true`). */
const when = z.string().optional();

const smallLine = z.strictObject({ text: z.string(), size, weight });

const block = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('line'),
    when,
    text: z.string(),
    size,
    weight,
    tone,
    align: z.enum(['left', 'center', 'right']).default('left'),
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
    tone,
    /** Distance of the base lines, in em. */
    leading: z.number().min(1).max(4),
    /** First line, in em. */
    indent: z.number().min(0).max(8).default(0),
    after,
  }),
  z.strictObject({ type: z.literal('rule'), when, after }),
  /** Right-aligned, its last line at a fixed height, the seal over it. */
  z.strictObject({
    type: z.literal('signature'),
    when,
    bottomMm: z.number().min(10).max(250),
    lines: z.array(smallLine).min(1),
    sealText: z.string(),
    sealPurpose: z.string(),
    sealDiameterMm: z.number().min(20).max(60),
  }),
  /** QR code and how to check the paper, at the foot. */
  z.strictObject({
    type: z.literal('verification'),
    when,
    bottomMm: z.number().min(10).max(250),
    qrMm: z.number().min(15).max(50),
    lines: z.array(smallLine).min(1),
  }),
]);

const required = z.boolean().default(false);
const field = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    required,
    maxLength: z.int().min(1).max(500),
    pattern: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('choice'), required, options: z.array(z.string()).min(1) }),
  /** YYYY-MM-DD. */
  z.strictObject({ type: z.literal('date'), required }),
  /** `true` or `false`. */
  z.strictObject({ type: z.literal('boolean'), required }),
]);

/** `templates/<name>/<version>/template.json`: everything about a kind of certificate, no code. */
export const templateSchema = z.strictObject({
  title: z.strictObject({ zh: z.string(), en: z.string() }),
  paper: z.literal('A4'),
  marginMm: z.strictObject({ top: z.number(), side: z.number(), bottom: z.number() }),
  frame: z.boolean().default(false),
  fields: z.record(z.string(), field),
  watermark: z.strictObject({ when: z.string(), text: z.string(), textEn: z.string() }).optional(),
  layout: z.array(block).min(1),
});

/** `sample.json` beside it: what the preview and the tests fill in. */
export const sampleSchema = z.strictObject({
  studentName: z.string(),
  studentNumber: z.string(),
  fields: z.record(z.string(), z.string()),
});

export type TemplateBody = z.infer<typeof templateSchema>;
export type Block = TemplateBody['layout'][number];
export type FieldRule = TemplateBody['fields'][string];
export type Sample = z.infer<typeof sampleSchema>;

export interface Template extends TemplateBody {
  readonly name: string;
  readonly version: number;
}
