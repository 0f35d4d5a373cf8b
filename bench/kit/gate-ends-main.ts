import { createInterface } from 'node:readline';
import { createRelayBoardSimulator } from '@hallhub/device-drivers/protocols/modbus';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { decodeCommand, encodeReply } from '../../device-drivers/protocols/resident-id/frames.ts';
import { simulatedPhoto, simulatedText } from '../../device-drivers/protocols/resident-id/simulator-card.ts';
import { say } from './children.ts';
import { residentNumber } from './people.ts';

/*
 * The far ends of many gates, in a process of their own: on each reader lies a new card every second, and the relay board
 * opens for it. A card's time is from the write of its last byte to the arrival of the order at the board.
 *
 * Takes one JSON line at a time: `{"cards": true}` begins, `{"cards": false}` ends and is answered with what was measured.
 */
const { lines, people } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly lines: readonly { readonly reader: string; readonly board: string }[];
  readonly people: number;
};
const STRIDE = 7_919;
const EVERY_MS = 1_000;
const BAUD = 115_200;
/** Function 05 with the code that makes these boards pulse a relay. */
const FLASH_ON = Buffer.from([0x05, 0x02]);

const found = encodeReply({ sw1: 0, sw2: 0, sw3: 0x9f, data: new Uint8Array(4) });
const nothing = encodeReply({ sw1: 0, sw2: 0, sw3: 0x80, data: new Uint8Array() });
const selected = encodeReply({ sw1: 0, sw2: 0, sw3: 0x90, data: new Uint8Array(8) });
const took: number[] = [];
let cards = 0;
let flows = false;

for (const [n, paths] of lines.entries()) {
  const reader = createSerialTransport({ path: paths.reader, baudRate: BAUD });
  const line = createSerialTransport({ path: paths.board, baudRate: BAUD });
  unwrap(await reader.open());
  let present = false;
  let shownAt: number | undefined;
  // Evenly spread over the second, as people are.
  setTimeout(
    () =>
      setInterval(() => {
        present = flows;
      }, EVERY_MS),
    (n * EVERY_MS) / lines.length,
  );
  reader.onData((bytes) => {
    const asked = decodeCommand(bytes)?.command;
    if (asked === 'find') void reader.write(present ? found : nothing);
    else if (asked === 'select') void reader.write(selected);
    else if (asked === 'read' && present) {
      present = false;
      cards += 1;
      const text = simulatedText({
        layout: 'resident',
        name: '张三',
        number: residentNumber((cards * STRIDE) % people),
      });
      const card = encodeReply({
        ...{ sw1: 0, sw2: 0, sw3: 0x90 },
        data: Buffer.concat([Buffer.from([1, 0, 4, 0]), text, simulatedPhoto()]),
      });
      void reader.write(card).then(() => {
        shownAt = performance.now();
      });
    }
  });
  const board = createRelayBoardSimulator({
    transport: {
      ...line,
      onData: (listener) =>
        line.onData((bytes) => {
          if (shownAt !== undefined && Buffer.from(bytes).indexOf(FLASH_ON) === 1) {
            took.push(performance.now() - shownAt);
            shownAt = undefined;
          }
          listener(bytes);
        }),
    },
    clock: systemClock({ mode: 'test' }),
  });
  unwrap(await board.start());
}
say({ ready: true });
for await (const text of createInterface({ input: process.stdin })) {
  flows = (JSON.parse(text) as { cards: boolean }).cards;
  if (!flows) {
    await new Promise((resolve) => setTimeout(resolve, 2 * EVERY_MS));
    say({ took: took.splice(0), cards });
    cards = 0;
  }
}
