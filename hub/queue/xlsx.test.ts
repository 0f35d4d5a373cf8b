import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Cell } from './xlsx.ts';
import { xlsx } from './xlsx.ts';

/* Read back by somebody else's ZIP and XML: those of Python's standard library. */
const READER = `
import json, re, sys, zipfile
from xml.etree import ElementTree
X = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
books = []
for path in sys.argv[1:]:
    with zipfile.ZipFile(path) as book:
        assert book.testzip() is None
        for name in book.namelist():
            if not name.endswith('sheet1.xml'): ElementTree.fromstring(book.read(name))
        sheet = ElementTree.fromstring(book.read('xl/worksheets/sheet1.xml'))
    rows = []
    for row in sheet.iter(X + 'row'):
        cells = []
        for cell in row.iter(X + 'c'):
            assert cell.find(X + 'f') is None
            text = cell.find(X + 'is/' + X + 't')
            what = float(cell.find(X + 'v').text) if text is None else re.sub(
                '_x([0-9A-Fa-f]{4})_', lambda found: chr(int(found[1], 16)), text.text or '')
            cells.append([cell.get('r'), what])
        rows.append(cells)
    books.append(rows)
json.dump(books, sys.stdout)
`;
const folder = mkdtempSync(join(tmpdir(), 'hallhub-xlsx-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Read = readonly (readonly (readonly [at: string, value: Cell])[])[];
function read(books: readonly Buffer[]): readonly Read[] {
  const files = books.map((book, index) => {
    const file = join(folder, `${index}.xlsx`);
    writeFileSync(file, book);
    return file;
  });
  return JSON.parse(execFileSync('python3', ['-c', READER, ...files], { encoding: 'utf8' })) as Read[];
}

const text = fc
  .tuple(
    fc.constantFrom(
      '',
      '=1+1',
      '+',
      '-',
      '@SUM(A1)',
      '"',
      "'",
      '<b>&amp;',
      '_x0041_',
      '😀👩‍🔬',
      ' \r\n\t ',
      '\u0000\u0007',
      '𠮷㛃',
    ),
    fc.string({ unit: 'binary' }),
  )
  .map((parts) => parts.join(''));
const cell: fc.Arbitrary<Cell> = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());

describe('a workbook', () => {
  it('holds what was put in: text as text whatever it begins with, without what XML cannot say', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.array(cell, { maxLength: 30 }), { maxLength: 6 }), { minLength: 20, maxLength: 20 }),
        (tables) => {
          const back = read(tables.map((rows) => xlsx('Statistics', rows)));
          expect(back.map((rows) => rows.map((cells) => cells.map(([, value]) => value)))).toEqual(
            tables.map((rows) => rows.map((cells) => cells.map(sayable))),
          );
        },
      ),
      { numRuns: 10 },
    );
  });

  it('names its cells by their columns, beyond the alphabet too, and takes no text that is too long for a cell', () => {
    const [rows] = read([xlsx('Statistics', [Array<Cell>(703).fill(1), ['x'.repeat(40_000)]])]);
    expect([0, 25, 26, 51, 52, 701, 702].map((x) => rows?.[0]?.[x]?.[0])).toEqual([
      ...['A1', 'Z1', 'AA1', 'AZ1', 'BA1', 'ZZ1', 'AAA1'],
    ]);
    expect(String(rows?.[1]?.[0]?.[1]).length).toBe(32_767);
  });
});

/** What a cell can hold of a value; -0 is no other number in a file. */
function sayable(value: Cell): Cell {
  if (typeof value === 'number') return value === 0 ? 0 : value;
  return value.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
}
