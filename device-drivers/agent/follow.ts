import type { Cancel } from '@hallhub/sync/base';
import type { AgentHost } from './types.ts';

/**
 * Listens to what devices report: `listen` subscribes to those there are, now and again whenever devices or capabilities
 * have come or gone. What it subscribed to before is cancelled in the same turn, so that nothing is heard twice or missed.
 */
export function followDevices(
  host: Pick<AgentHost, 'onDevices'>,
  listen: () => readonly (Cancel | undefined)[],
): Cancel {
  let joined = listen();
  const part = (): void => {
    for (const cancel of joined) cancel?.();
  };
  const cancel = host.onDevices(() => {
    part();
    joined = listen();
  });
  return () => {
    cancel();
    part();
  };
}
