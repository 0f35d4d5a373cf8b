import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PrinterStatus } from '@hallhub/device-drivers/capabilities';
import { examinePrinter } from './suitability.ts';

const office: PrinterStatus = {
  state: 'idle',
  acceptingJobs: true,
  reasons: [],
  printerUuid: 'urn:uuid:p',
  upTimeSeconds: 100,
  mediaReady: ['iso_a4_210x297mm'],
  mediaSupported: ['iso_a4_210x297mm', 'iso_a5_148x210mm'],
  formats: ['application/pdf', 'image/pwg-raster'],
  sides: ['one-sided', 'two-sided-long-edge'],
  operations: [2, 4, 5, 6, 8, 9, 10, 11],
  raster: { types: ['sgray_8', 'srgb_8'], dpi: [300, 600] },
  copiesMax: 99,
  markers: [],
};
const counting = { countsImpressions: true } as const;
const imageOnly = { ...office, formats: ['image/pwg-raster', 'image/jpeg'] };

describe('whether a printer is fit for certificates', () => {
  test('one that can do everything is, without a remark', () => {
    expect(examinePrinter(office, counting)).toEqual({
      fit: true,
      findings: [],
      duplex: true,
      copiesMax: 99,
      format: 'application/pdf',
    });
  });

  test.each<[string, PrinterStatus, number | undefined, string]>([
    ['only Letter', { ...office, mediaSupported: ['na_letter_8.5x11in'] }, undefined, 'E-CERT-0601'],
    ['only PCL', { ...office, formats: ['application/vnd.hp-pcl'] }, 300, 'E-CERT-0602'],
    ['images only, and nobody makes them', imageOnly, undefined, 'E-CERT-0603'],
    [
      'images of a kind that nobody makes',
      { ...imageOnly, raster: { types: ['black_1'], dpi: [300] } },
      300,
      'E-CERT-0602',
    ],
    [
      'images at a resolution that nobody makes',
      { ...imageOnly, raster: { types: ['sgray_8'], dpi: [203] } },
      300,
      'E-CERT-0602',
    ],
    ['whole jobs only', { ...office, operations: [2, 8, 9, 10, 11] }, undefined, 'E-CERT-0604'],
  ])('%s: refused with the reason', (_, status, rasterDpi, code) => {
    const verdict = examinePrinter(status, { ...counting, ...(rasterDpi !== undefined && { rasterDpi }) });
    expect(verdict.fit).toBe(false);
    expect(verdict.findings.filter(({ grave }) => grave).map((finding) => finding.code)).toEqual([code]);
  });

  test('page images: colour where there is colour, the wished resolution where it is taken', () => {
    const of = (types: readonly string[], dpi: readonly number[]): unknown =>
      examinePrinter({ ...imageOnly, raster: { types, dpi } }, { ...counting, rasterDpi: 600 }).raster;
    expect(of(['sgray_8', 'srgb_8'], [300, 600])).toEqual({ type: 'srgb_8', dpi: 600 });
    expect(of(['black_1', 'sgray_8'], [300])).toEqual({ type: 'sgray_8', dpi: 300 });
  });

  test('what it lacks and can do without is said and refuses nothing', () => {
    const bare: { -readonly [P in keyof PrinterStatus]: PrinterStatus[P] } = {
      ...office,
      sides: ['one-sided'],
      printerUuid: '',
      mediaReady: [],
    };
    delete bare.copiesMax;
    delete bare.mediaSupported;
    const verdict = examinePrinter(bare, { countsImpressions: false });
    expect(verdict).toMatchObject({ fit: true, duplex: false, copiesMax: 1 });
    expect(verdict.findings.map(({ code }) => code)).toEqual([
      'E-CERT-0605',
      'E-CERT-0606',
      'E-CERT-0607',
      'E-CERT-0608',
      'E-CERT-0609',
    ]);
  });

  test('fit means a format that the printer named, and nothing grave; PDF goes before images', () => {
    const names = fc.subarray(['application/pdf', 'image/pwg-raster', 'image/jpeg', 'text/plain']);
    const papers = fc.subarray(['iso_a4_210x297mm', 'na_letter_8.5x11in', 'om_a4-borderless_210x297mm']);
    fc.assert(
      fc.property(names, papers, fc.option(fc.constantFrom(300, 600), { nil: undefined }), (formats, media, dpi) => {
        const status = { ...office, formats, mediaSupported: media };
        const verdict = examinePrinter(status, { ...counting, ...(dpi !== undefined && { rasterDpi: dpi }) });
        expect(verdict.fit).toBe(verdict.findings.every(({ grave }) => !grave));
        if (verdict.fit) {
          expect(formats).toContain(verdict.format);
          expect(verdict.format === 'image/pwg-raster').toBe(!formats.includes('application/pdf'));
          expect(verdict.raster === undefined).toBe(verdict.format === 'application/pdf');
        }
      }),
    );
  });
});
