import { create } from 'qrcode';

/** One bit to a dot, rows padded to whole bytes, the leftmost dot in the highest bit, 1 is black. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly bits: Uint8Array;
}

const DLE = 0x10;
/** What a printer obeys behind DLE at once, even in the middle of an image: EOT status, ENQ recovery, DC4 drawer and power. */
const REAL_TIME = new Set([0x04, 0x05, 0x14]);
/** Lights none of them up: 04 → 06, 05 → 07, 14 → 16. */
const ONE_MORE_DOT = 0x02;

/**
 * Image data in which no real-time command hides: one dot more wherever a byte pair would be one. A dot of an eighth of a
 * millimetre is not seen, and no QR module turns over for it.
 */
export function defused(data: Uint8Array): Uint8Array {
  const safe = data.slice();
  for (let at = 1; at < safe.length; at += 1) {
    const byte = safe[at] ?? 0;
    if (safe[at - 1] === DLE && REAL_TIME.has(byte)) safe[at] = byte | ONE_MORE_DOT;
  }
  return safe;
}

/** `GS v 0` commands of at most `bandRows` rows, so that the printer can be asked between them how it does. */
export function rasterCommands(bitmap: Bitmap, bandRows: number): readonly Uint8Array[] {
  const rowBytes = Math.ceil(bitmap.width / 8);
  const bands: Uint8Array[] = [];
  for (let row = 0; row < bitmap.height; row += bandRows) {
    const rows = Math.min(bandRows, bitmap.height - row);
    const data = bitmap.bits.subarray(row * rowBytes, (row + rows) * rowBytes);
    bands.push(Uint8Array.from([0x1d, 0x76, 0x30, 0x00, rowBytes, 0, rows, 0, ...defused(data)]));
  }
  return bands;
}

const QUIET_MODULES = 4;

/** The QR symbol with its quiet zone, or undefined where it is wider than `dots` at this module size. */
export function qrBitmap(data: string, module: number, dots: number): Bitmap | undefined {
  const { modules } = create(data, { errorCorrectionLevel: 'M' });
  const side = (modules.size + 2 * QUIET_MODULES) * module;
  if (side > dots) return undefined;
  const rowBytes = Math.ceil(side / 8);
  const bits = new Uint8Array(rowBytes * side);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const [column, row] = [Math.floor(x / module) - QUIET_MODULES, Math.floor(y / module) - QUIET_MODULES];
      const inside = column >= 0 && row >= 0 && column < modules.size && row < modules.size;
      if (inside && modules.get(row, column)) {
        const at = y * rowBytes + (x >> 3);
        bits[at] = (bits[at] ?? 0) | (0x80 >> (x & 7));
      }
    }
  }
  return { width: side, height: side, bits };
}

/** Modules on a side of the QR symbol, without its quiet zone. */
export const qrModules = (data: string): number => create(data, { errorCorrectionLevel: 'M' }).modules.size;
