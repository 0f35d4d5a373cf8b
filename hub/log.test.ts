import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { createLog } from './log.ts';

it('masks people wherever they turn up in a log line', () => {
  const lines: string[] = [];
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const log = createLog({ level: 'info', destination });
  log.info(
    { person: { name: '张三', age: 3 }, password: 'x', err: new Error('no pass for 11010519491231002X') },
    'card 440524188001010014 refused',
  );
  const text = lines.join('');
  expect(text).toContain('110***********002X');
  expect(text).toContain('[masked]');
  for (const secret of ['张三', '11010519491231002X', '"x"']) expect(text).not.toContain(secret);
});
