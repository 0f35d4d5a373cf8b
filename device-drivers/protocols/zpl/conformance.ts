import { ms } from '@hallhub/sync/base';
import type { ProtocolConformance } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { type LabelOrder, STATUS_QUESTION, createStatusFramer, labelBytes } from './bytes.ts';
import { labelSchema } from './label.ts';
import { zplSchema } from './params.ts';
import { createLabelPrinterSimulator } from './simulator.ts';

/** Label printers with ZPL, as their profiles describe them. */
export const zplConformance: ProtocolConformance = {
  protocol: 'zpl',
  deviceFaults: () => ({
    silent: ['not-ready', 'order-fails'],
    late: ['too-late', 'not-ready', 'order-fails'],
    'wrong-address': 'one printer a line: nothing is addressed',
    'bad-check': ['discarded', 'not-ready', 'order-fails'],
    refuses: ['not-ready', 'order-fails'],
  }),
  checkVector: ({ direction, hex, message }, profile) => {
    if (direction === 'reply') {
      const [framed] = createStatusFramer().push(unhex(hex));
      if (framed?.kind !== 'frame') throw new Error('no frame');
      sameValue({ ...framed.frame, bytes: undefined }, message);
      return;
    }
    if ('question' in message) {
      sameBytes(STATUS_QUESTION, unhex(hex));
      return;
    }
    const order = message as unknown as LabelOrder & { readonly design: unknown };
    const params = zplSchema.parse(profile.params);
    const labels = { [order.template]: labelSchema.parse(order.design) };
    const bytes = labelBytes(order, { ...params, labels });
    if (!bytes.ok) throw new Error(bytes.error.code);
    sameBytes(bytes.value, unhex(hex));
  },
  // What stands behind the last line of a status belongs to no frame.
  frameSamples: (vectors) => ({
    create: () => createStatusFramer(),
    frames: vectors.map(({ hex }) => unhex(hex.replace(/0d0a$/, ''))),
  }),
  simulate: ({ transport, clock, profile }) => {
    const { replyTimeoutMs, font } = zplSchema.parse(profile.params);
    const printer = createLabelPrinterSimulator({ transport, clock });
    return {
      start: () => printer.start(),
      stop: () => printer.stop(),
      stimuli: [],
      orders: [
        {
          capability: 'labelPrinter',
          command: 'print',
          args: {
            template: 'bag',
            fields: {
              to: font === undefined ? 'North Campus' : '北校区',
              from: 'Hall 1',
              number: 'BAG-000123',
              note: 'sealed',
              code: 'BAG-000123',
            },
            copies: 1,
          },
          confirmation: 'acknowledged',
          effects: () => printer.printed.length,
        },
      ],
      refusals: [
        {
          capability: 'labelPrinter',
          command: 'print',
          args: { template: 'none', fields: {}, copies: 1 },
          code: 'E-LBL-0101',
        },
        {
          capability: 'labelPrinter',
          command: 'print',
          args: { template: 'bag', fields: {}, copies: 1 },
          code: 'E-LBL-0102',
        },
      ],
      setFault: (fault) => {
        printer.setFaults({
          silent: fault === 'silent',
          nonsense: fault === 'bad-check',
          paperOut: fault === 'refuses',
          ...(fault === 'late' && { lateBy: ms(replyTimeoutMs + 200) }),
        });
      },
    };
  },
};
