import { type PDFDocument, PDFHexString, PDFName, PDFNumber, type PDFPage, PDFString } from '@cantoo/pdf-lib';
import { WIDEST } from '../signing/byte-range.ts';
import type { SignatureWish } from '../templates/index.ts';

export interface SignatureBox {
  readonly page: PDFPage;
  /** Points, from the lower left corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A signature field over the seal, with room for a signature that is filled in when the file is complete (ISO 32000-2, 12.8;
 * PAdES: `ETSI.CAdES.detached`). The field draws nothing itself: the seal lies below it, and a reader who clicks on the seal
 * is shown the signature.
 */
export function addSignatureField(document: PDFDocument, box: SignatureBox, wish: SignatureWish, signedAt: Date): void {
  const { context, catalog } = document;
  const widest = (): PDFNumber => PDFNumber.of(WIDEST);
  const signature = context.register(
    context.obj({
      Type: 'Sig',
      Filter: 'Adobe.PPKLite',
      SubFilter: 'ETSI.CAdES.detached',
      ByteRange: [PDFNumber.of(0), widest(), widest(), widest()],
      Contents: PDFHexString.of('0'.repeat(wish.bytes * 2)),
      M: PDFString.fromDate(signedAt),
      Name: PDFHexString.fromText(wish.name),
      Reason: PDFHexString.fromText(wish.reason),
    }),
  );
  const nothing = context.register(
    context.stream('', { Type: 'XObject', Subtype: 'Form', BBox: [0, 0, box.width, box.height] }),
  );
  const field = context.register(
    context.obj({
      Type: 'Annot',
      Subtype: 'Widget',
      FT: 'Sig',
      T: PDFString.of('seal'),
      // Printed with the page, and not to be moved.
      F: 4 + 128,
      Rect: [box.x, box.y, box.x + box.width, box.y + box.height],
      P: box.page.ref,
      V: signature,
      AP: { N: nothing },
    }),
  );
  box.page.node.addAnnot(field);
  // SignaturesExist, AppendOnly.
  catalog.set(PDFName.of('AcroForm'), context.obj({ Fields: [field], SigFlags: 3 }));
}
