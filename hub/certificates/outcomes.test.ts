import { describe, expect, test } from 'vitest';
import { epochMs } from '@hallhub/sync/base';
import { toOutcome } from './outcomes.ts';

const printed = {
  type: 'certificate.printed',
  subject: 'request-1',
  data: {
    revision: 2,
    attemptId: 'attempt-1',
    copies: 1,
    printerId: 'printer-1',
    documentSha256: 'a'.repeat(64),
    certificateNumber: 'HH2026-000001',
  },
} as const;

describe('what the hall is told', () => {
  test.each([
    [1, 1],
    [0, 0],
    // The hall allows fewer copies now than were printed before.
    [-3, 0],
  ])('with %i copies left the event says %i, and is what the contract prescribes', (left, told) => {
    const outcome = toOutcome(printed, epochMs(1_767_225_600_000), left);
    expect(outcome?.type.schema.safeParse(outcome.data)).toMatchObject({ success: true, data: { copiesLeft: told } });
  });
});
