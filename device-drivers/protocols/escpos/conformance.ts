import { epochMs } from '@hallhub/sync/base';
import { type TicketInput, ticketSchema } from '../../capabilities/index.ts';
import type { FrameSamples, Order, ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { escposSchema } from './params.ts';
import { createReplyFramer } from './replies.ts';
import { createTicketPrinterSimulator } from './simulator/index.ts';
import { decodeAsb } from './status.ts';
import { completionRequest, statusQuestion, ticketBytes } from './ticket-bytes.ts';

/** What a vector of this protocol means. */
interface Message {
  readonly question?: 1 | 2 | 4;
  readonly completion?: string;
  readonly ticket?: TicketInput;
  readonly status?: number;
  readonly asb?: object;
}

/** Printers of tickets, as their profiles describe them. */
export const escposConformance: ProtocolConformance = {
  protocol: 'escpos',
  deviceFaults: () => ({
    silent: ['not-ready', 'order-fails'],
    late: 'a print lasts as long as its paper: an answer behind all patience is silence',
    'wrong-address': 'one printer a line: nothing is addressed',
    'bad-check': ['discarded', 'not-ready', 'order-fails'],
    refuses: ['not-ready', 'order-fails'],
  }),
  checkVector: ({ direction, hex, message }, profile) => {
    const { question, completion, ticket, status, asb } = message as Message;
    if (direction === 'request') {
      if (question !== undefined) sameBytes(statusQuestion(question), unhex(hex));
      else if (completion !== undefined) sameBytes(completionRequest(completion), unhex(hex));
      else {
        const runs = ticketBytes(ticketSchema.parse(ticket), escposSchema.parse(profile.params));
        if (!runs.ok) throw new Error(`${runs.error.code} ${runs.error.detail ?? ''}`);
        sameBytes(Buffer.concat(runs.value), unhex(hex));
      }
      return;
    }
    const [framed] = createReplyFramer().push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const { frame } = framed;
    switch (frame.type) {
      case 'status':
        sameValue(frame.byte, status);
        return;
      case 'completion':
        sameValue(frame.id, completion);
        return;
      case 'asb':
        sameValue(decodeAsb(frame.bytes, epochMs(0)), { ...asb, at: 0 });
    }
  },
  frameSamples: (vectors): FrameSamples => ({
    create: () => createReplyFramer(),
    frames: vectors.map(({ hex }) => unhex(hex)),
  }),
  simulate: ({ transport, clock, profile }): Subject => {
    const { dots, completion, labels } = escposSchema.parse(profile.params);
    const printer = createTicketPrinterSimulator({ transport, clock, dots });
    return {
      start: () => printer.start(),
      stop: () => printer.stop(),
      stimuli: [],
      orders: [
        {
          capability: 'ticketPrinter',
          command: 'print',
          args: {
            ticket: ticketSchema.parse({
              blocks: [
                { type: 'text', text: '师生服务大厅', align: 'center', size: 2 },
                { type: 'pair', left: '前方等待', right: '3 人' },
                { type: 'qr', data: 'A023' },
                { type: 'text', text: '谢谢' },
              ],
            }),
          },
          confirmation: completion ? 'observed' : 'acknowledged',
          effects: () => printer.text().split('谢谢').length - 1,
        },
        ...Object.keys(labels ?? {}).map((template): Order => ({
          capability: 'labelPrinter',
          command: 'print',
          args: {
            template,
            fields: { to: '北校区', from: '档案馆', number: 'BAG-000123', note: '机要封签', code: 'BAG-000123' },
            copies: 1,
          },
          confirmation: completion ? 'observed' : 'acknowledged',
          effects: () => printer.text().split('机要封签').length - 1,
        })),
      ],
      setFault: (fault) => {
        printer.setFaults({ silent: fault === 'silent', wrongStatusBits: fault === 'bad-check' });
        printer.setCover(fault === 'refuses' ? 'open' : 'closed');
      },
    };
  },
};
