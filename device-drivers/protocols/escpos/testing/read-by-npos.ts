import Parser from 'npos/lib/parser/index.js';
import rules from 'npos/lib/parser/rules.js';
import { unwrap } from '@hallhub/sync/base';
import type { EscposParams } from '../params.ts';
import { ticketBytes } from '../ticket-bytes.ts';
import { QUEUE_TICKET } from './tickets.ts';

const GS = 0x1d;
const decoder = new TextDecoder('gb18030', { fatal: true });

/** What must stand on a {@link QUEUE_TICKET}, whoever reads it. */
const WORDS = ['师生服务大厅', 'A023', '前方等待', '3 人', '㐀𠮷镕', '¥0.00 免费'];

/**
 * npos, a decoder written elsewhere, reads a ticket as the driver sends it with these parameters. It does not know the native
 * QR commands; with their length it reads on behind them.
 * @throws {Error} when it does not find a word of the ticket.
 */
export async function readByNpos(params: EscposParams) {
  const parser = new Parser({ ...rules, [GS]: { ...rules[GS], '(k': [0, 'd16'] } });
  const { entries, tree } = await parser.parse(Buffer.concat(unwrap(ticketBytes(QUEUE_TICKET, params))));
  if (tree.length <= 20) throw new Error(`npos found ${String(tree.length)} commands`);
  const text = entries
    .filter(({ type }) => type === 'text')
    .map(({ data }) => decoder.decode(data))
    .join('');
  for (const word of WORDS) if (!text.includes(word)) throw new Error(`npos did not read ${word}`);
  return entries;
}
