import { describe, expect, it } from 'vitest';
import { type Code, epochMs } from '@hallhub/sync/base';
import { isUncertain } from './rules.ts';

describe('a command that was sent and failed', () => {
  const failed = (code: Code): boolean => isUncertain({ state: 'failed', code, sentAt: epochMs(0) });

  it.each(['E-DEV-0102', 'E-DEV-0203', 'E-DEV-0205'] as const)('certainly did nothing after %s', (code) => {
    expect(failed(code)).toBe(false);
  });

  it.each(['E-DEV-0103', 'E-DEV-0202', 'E-DEV-0204', 'E-DEV-0206', 'E-DEV-0208'] as const)(
    'may have had its effect after %s',
    (code) => {
      expect(failed(code)).toBe(true);
    },
  );
});
