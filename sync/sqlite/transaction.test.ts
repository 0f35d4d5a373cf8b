import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Db, afterCommit, onRollback, openDatabase, transact, transactPart } from './index.ts';

let db: Db;
let told: string[];
beforeEach(() => {
  db = openDatabase({ file: ':memory:' });
  db.exec('CREATE TABLE note (text TEXT)');
  told = [];
});
afterEach(() => {
  db.close();
});
const note = (text: string): void => {
  db.prepare('INSERT INTO note (text) VALUES (?)').run(text);
  afterCommit(db, () => told.push(`${text} committed: ${String(!db.inTransaction)}`));
  onRollback(db, () => told.push(`${text} undone`));
};
const notes = (): unknown[] => db.prepare('SELECT text FROM note ORDER BY rowid').pluck().all();

describe('what follows a transaction', () => {
  it('follows when it has committed, not before, in order', () => {
    transact(db, () => {
      transact(db, () => {
        note('a');
      });
      note('b');
      expect(told).toEqual([]);
    });
    expect(told).toEqual(['a committed: true', 'b committed: true']);
  });

  it('does not follow when it was rolled back; what was remembered is taken back, newest first', () => {
    expect(() =>
      transact(db, () => {
        note('a');
        note('b');
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(told).toEqual(['b undone', 'a undone']);
    expect(notes()).toEqual([]);
  });

  it('does not follow when the commit itself fails', () => {
    db.exec('CREATE TABLE parent (id INTEGER PRIMARY KEY)');
    db.exec('CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)');
    expect(() => {
      transact(db, () => {
        note('a');
        db.exec('INSERT INTO child VALUES (1)');
      });
    }).toThrow('FOREIGN KEY');
    expect(told).toEqual(['a undone']);
  });

  it('happens at once where there is no transaction', () => {
    afterCommit(db, () => told.push('now'));
    onRollback(db, () => told.push('never'));
    expect(told).toEqual(['now']);
  });

  it('is for one part of it what it is for the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 12 }), (fates) => {
        db.exec('DELETE FROM note');
        told = [];
        transact(db, () => {
          fates.forEach((isLucky, index) => {
            try {
              transactPart(db, () => {
                note(String(index));
                if (!isLucky) throw new Error('unlucky');
              });
            } catch {
              expect(told.at(-1)).toBe(`${index} undone`);
            }
          });
        });
        const lucky = fates.flatMap((isLucky, index) => (isLucky ? [String(index)] : []));
        expect(notes()).toEqual(lucky);
        expect(told.filter((line) => line.includes('committed'))).toEqual(
          lucky.map((text) => `${text} committed: true`),
        );
        expect(told.filter((line) => line.includes('undone'))).toHaveLength(fates.length - lucky.length);
      }),
    );
  });

  it('needs a transaction that knows it', () => {
    expect(() => transactPart(db, () => 1)).toThrow('no transaction');
    db.exec('BEGIN');
    expect(() => {
      afterCommit(db, () => undefined);
    }).toThrow('no transaction');
    db.exec('ROLLBACK');
  });
});
