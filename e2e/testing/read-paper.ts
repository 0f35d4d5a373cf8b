import { readBytesByNpos } from '../../device-drivers/protocols/escpos/testing/read-by-npos.ts';
import { toPng } from '../../device-drivers/protocols/escpos/testing/png.ts';
import { qrIn } from '../../device-drivers/protocols/escpos/testing/zbar.ts';

/** What came over a ticket printer's line, read by npos and its QR codes by zbarimg. */
export async function readPaper(bytes: Buffer): Promise<{ readonly text: string; readonly codes: readonly string[] }> {
  const { text, pictures } = await readBytesByNpos(bytes);
  return { text, codes: pictures.map((picture) => qrIn(toPng(picture))) };
}
