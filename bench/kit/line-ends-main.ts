import { parseArgs } from 'node:util';
import { createRelayBoardSimulator } from '@hallhub/device-drivers/protocols/modbus';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { decodeCommand, encodeReply } from '../../device-drivers/protocols/resident-id/frames.ts';
import { simulatedPhoto, simulatedText } from '../../device-drivers/protocols/resident-id/simulator-card.ts';
import { say } from './children.ts';
import { residentNumber } from './people.ts';

/*
 * The far ends of a gate's two lines, in a process of their own: a reader on which every read finds another person's card,
 * and a relay board. A card comes in two pieces, so that it is clear which arrival holds its last byte.
 */
const { values } = parseArgs({
  options: { reader: { type: 'string' }, board: { type: 'string' }, people: { type: 'string' } },
});
const people = Number(values.people);
const STRIDE = 7_919;
const LAST_PIECE_BYTES = 64;

const found = encodeReply({ sw1: 0, sw2: 0, sw3: 0x9f, data: new Uint8Array(4) });
const selected = encodeReply({ sw1: 0, sw2: 0, sw3: 0x90, data: new Uint8Array(8) });
let cards = 0;
const nextCard = (): Uint8Array => {
  cards += 1;
  const text = simulatedText({ layout: 'resident', name: '张三', number: residentNumber((cards * STRIDE) % people) });
  const data = Buffer.concat([Buffer.from([1, 0, 4, 0]), text, simulatedPhoto()]);
  return encodeReply({ sw1: 0, sw2: 0, sw3: 0x90, data });
};

const reader = createSerialTransport({ path: values.reader ?? '', baudRate: 115_200 });
unwrap(await reader.open());
reader.onData((bytes) => {
  const asked = decodeCommand(bytes)?.command;
  if (asked === 'find') void reader.write(found);
  else if (asked === 'select') void reader.write(selected);
  else if (asked === 'read') {
    const card = nextCard();
    void reader.write(card.subarray(0, -LAST_PIECE_BYTES));
    setTimeout(() => void reader.write(card.subarray(-LAST_PIECE_BYTES)), 2);
  }
});

const board = createRelayBoardSimulator({
  transport: createSerialTransport({ path: values.board ?? '', baudRate: 115_200 }),
  clock: systemClock({ mode: 'test' }),
});
unwrap(await board.start());
say({ ready: true });
