import fc from 'fast-check';
import { framerConformance } from '../../kit/testing/index.ts';
import { createStatusFramer } from './bytes.ts';

const bit = fc.constantFrom(0, 1);
framerConformance('ZPL status', {
  create: createStatusFramer,
  frames: fc
    .tuple(bit, bit, bit, bit, fc.nat(99_999_999))
    .map(([paper, paused, head, ribbon, waiting]) =>
      Uint8Array.from(
        Buffer.from(
          `\x02030,${paper},${paused},0400,000,0,0,0,000,0,0,0\x03\r\n\x02001,0,${head},${ribbon},1,2,4,0,${waiting},1,000\x03\r\n\x021234,0\x03`,
        ),
      ),
    ),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.from(Buffer.from('\x02030,0')),
});
