export type { Fields, Issuer, RenderInput, Row, SignatureWish } from './input.ts';
export type { Block, Sample, Template } from './schema.ts';
export { type TemplateSet, loadSample, loadTemplates, shippedTemplates } from './load.ts';
export { checkFields } from './fill.ts';
