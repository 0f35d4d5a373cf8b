/*
 * The refusals of all protocols, for the catalogue that pages and logs share, without the protocols themselves.
 */
export { scannerCodes } from '../protocols/code-scanner/codes.ts';
export { ticketCodes } from '../protocols/escpos/codes.ts';
export { printerCodes } from '../protocols/ipp/codes.ts';
export { osdpCodes } from '../protocols/osdp/codes.ts';
export { cardCodes } from '../protocols/resident-id/codes.ts';
export { lineReaderCodes } from '../protocols/wiegand-line/codes.ts';
export { labelCodes } from '../protocols/zpl/codes.ts';
export { voiceCodes } from '../voice/codes.ts';
