import { PDFDocument } from '@cantoo/pdf-lib';
import { type Result, failure, ok } from '@hallhub/sync/base';
import { checkFields, fill, valuesOf } from '../templates/fill.ts';
import type { Block, RenderInput, Row, Template } from '../templates/index.ts';
import { backgroundOf } from './background.ts';
import { drawSignature, drawVerification, topOf } from './anchored.ts';
import { drawLine, drawPairs, drawParagraph, drawRule } from './flow.ts';
import { type FontBox, nameOf } from './fonts.ts';
import { type Sheet, type Shortened, cellsOf, drawRow, mm, openSheet, paper, soft, widthOf } from './sheet.ts';
import { addSignatureField } from './signature-field.ts';
import { drawTable } from './table.ts';

/** How far a page gives way in one step, and in how many steps at most. */
const RETREAT = 12 * mm;
const RETREATS = 8;
/** Of the foot of each page, from the edge of the paper. */
const FOOTER_MM = 15;

/** One certificate as a PDF. A character that no face covers refuses it: it would come out as a blank without any other sign. */
export async function drawCertificate(
  template: Template,
  input: RenderInput,
  fonts: FontBox,
  createdAt: Date,
): Promise<Result<{ readonly pdf: Uint8Array; readonly pages: number }>> {
  const checked = checkFields(template, input.fields);
  if (!checked.ok) return checked;
  const values = valuesOf(input);
  const shown = template.layout.filter((block) => isShown(block.when, values));

  const feet = shown.filter((block) => block.type === 'signature' || block.type === 'verification');
  const foot = Math.max(template.marginMm.bottom * mm, ...feet.map((block) => topOf(block)));
  const pour = async (shortened?: Shortened): Promise<Sheet> => {
    const document = await PDFDocument.create();
    const faces = fonts.open(document, template.fonts);
    const { frame, watermark } = template;
    const mark = watermark && isShown(watermark.when, values) ? watermark : undefined;
    const background = await backgroundOf({ frame, watermark: mark }, faces);
    const opened = openSheet({ document, template, fonts: faces, values, background, shortened });
    for (const block of shown) await drawFlowing(opened, block, input);
    return opened;
  };
  let sheet = await pour();
  // A seal never stands on a page of its own, nor under a note alone: the page before gives up what it holds below a height.
  const hasRows = shown.some((block) => block.type === 'table' && rowsOf(input, block.rows).length > 0);
  const isLonely = (): boolean => sheet.y < foot || (hasRows && sheet.rows === 0);
  if (sheet.mayOverflow && isLonely()) {
    const page = sheet.document.getPageCount() - (sheet.y < foot ? 1 : 2);
    for (let step = 0; step < RETREATS && isLonely(); step += 1) {
      sheet = await pour({ page, floor: foot + step * RETREAT });
    }
  }
  if (sheet.tooLong || sheet.y < foot) {
    if (sheet.fonts.lacking.size > 0) return failure('E-CERT-0203', lackingIn(sheet));
    return failure('E-CERT-0204', `${Math.ceil(Math.max(foot - sheet.y, 0) / mm)} mm too long`);
  }
  for (const block of feet) {
    if (block.type === 'signature') await drawSignature(sheet, block);
    else await drawVerification(sheet, block, input);
  }
  const { document } = sheet;
  await drawFooters(sheet, template);
  if (sheet.fonts.lacking.size > 0) return failure('E-CERT-0203', lackingIn(sheet));

  if (input.signature) {
    // A template without a seal is signed all the same, where nobody sees it.
    const box = sheet.seal ?? { page: sheet.page, x: 0, y: 0, width: 0, height: 0 };
    addSignatureField(document, box, input.signature, createdAt);
  }
  document.setTitle(`${template.title.zh} ${input.certificateNumber}`);
  document.setAuthor(input.issuer.name.zh);
  document.setSubject(template.title.en);
  document.setProducer('hallhub');
  document.setCreator('hallhub');
  document.setLanguage(template.language);
  document.setCreationDate(createdAt);
  document.setModificationDate(createdAt);
  document.convertToPDFA({ conformance: '2U' });
  return ok({ pdf: await document.save({ useObjectStreams: false }), pages: document.getPageCount() });
}

const lackingIn = ({ fonts }: Sheet): string => [...fonts.lacking].map(nameOf).join('、');

function isShown(when: string | undefined, values: ReadonlyMap<string, string>): boolean {
  if (when === undefined) return true;
  const value = values.get(when) ?? '';
  return value !== '' && value !== 'false';
}

async function drawFlowing(sheet: Sheet, block: Block, input: RenderInput): Promise<void> {
  switch (block.type) {
    case 'line':
      await drawLine(sheet, block);
      return;
    case 'paragraph':
      await drawParagraph(sheet, block);
      return;
    case 'rule':
      drawRule(sheet, block);
      return;
    case 'pairs':
      await drawPairs(sheet, block);
      return;
    case 'table':
      await drawTable(sheet, block, rowsOf(input, block.rows));
      return;
    case 'signature':
    case 'verification':
  }
}

function rowsOf({ fields }: RenderInput, name: string): readonly Row[] {
  const rows = fields[name];
  return rows === undefined || typeof rows === 'string' ? [] : rows;
}

/** What is known only when all pages are there: their number. */
async function drawFooters(sheet: Sheet, { footer }: Template): Promise<void> {
  const pages = sheet.document.getPages();
  if (!footer) return;
  for (const [index, page] of pages.entries()) {
    const values = new Map([...sheet.values, ['page', String(index + 1)], ['pages', String(pages.length)]]);
    const cells = await cellsOf(
      fill(footer.text, values),
      footer.size,
      { bold: false, font: footer.font },
      sheet.fonts,
    );
    const x = (paper.width - widthOf(cells)) / 2;
    drawRow(page, cells, { x, y: FOOTER_MM * mm }, footer.size, soft);
  }
}
