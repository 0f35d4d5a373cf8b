import { randomBytes } from 'node:crypto';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { CardRead } from '@hallhub/device-drivers/capabilities';
import { manualClock, seconds, unwrap } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import { createVault } from '../vault/index.ts';
import { createKiosks } from './service.ts';

const NUMBER = '11010519491231002X';

function setUp() {
  const clock = manualClock();
  let report: (read: CardRead) => void = () => undefined;
  const host = {
    capability: () => ({
      onCard: (listener: (read: CardRead) => void) => {
        report = listener;
        return () => undefined;
      },
    }),
    health: () => ({ state: 'ready' }),
    onDevices: () => () => undefined,
  } as unknown as Pick<AgentHost, 'capability' | 'health' | 'onDevices'>;
  const kiosk = { id: 'hall', label: { zh: '大厅', en: 'Hall' }, printer: 'printer', reader: 'reader' };
  const kiosks = createKiosks({ kiosks: [kiosk], host, vault: createVault(randomBytes(32)), clock });
  let changes = 0;
  kiosks.onChange(() => {
    changes += 1;
  });
  kiosks.start();
  const present = (presented: CardRead['presented']): void => {
    report({ presented, at: clock.now(), lastByteAt: clock.monotonic() });
  };
  return {
    clock,
    kiosks,
    changes: () => changes,
    view: () => unwrap(kiosks.view('hall')),
    number: () => {
      present({ type: 'resident-number', number: NUMBER });
    },
    card: () => {
      present({
        type: 'resident-id',
        card: {
          layout: 'resident',
          number: NUMBER,
          name: '张三',
          sex: '1',
          birth: '19491231',
          validFrom: '20200101',
          fields: {},
        },
      });
    },
  };
}

describe('a kiosk', () => {
  it('knows a person by a whole card', () => {
    const { kiosks, card, view } = setUp();
    card();
    expect(view().person?.name).toMatch(/张|三/);
    expect(kiosks.student('hall').ok).toBe(true);
  });

  it('knows nobody by a number alone, says so, and forgets to say so', async () => {
    const { clock, kiosks, number, view, changes } = setUp();
    number();
    expect(view()).toMatchObject({ reader: { code: 'E-KIOSK-0103' } });
    expect(view().person).toBeUndefined();
    expect(kiosks.student('hall')).toMatchObject({ ok: false, error: { code: 'E-KIOSK-0101' } });
    await clock.advanceAsync(seconds(11));
    expect(view().reader.code).toBeUndefined();
    expect(changes()).toBe(2);
    expect(clock.pending).toBe(0);
  });

  it('says nothing of it any more once a whole card was read, nor after it was stopped', () => {
    const { clock, kiosks, number, card, view } = setUp();
    number();
    card();
    expect(view().reader.code).toBeUndefined();
    number();
    kiosks.stop();
    expect(clock.pending).toBe(0);
  });
});
