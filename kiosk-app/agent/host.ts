import type { Agent, Screens } from '@hallhub/hub/agent';
import { AGENT_EXIT } from '@hallhub/hub/agent';
import type { Cancel, Clock, Failure, Result } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';
import type { ToParent } from './messages.ts';
import { fromParentSchema } from './messages.ts';
import type { Parent } from './parent.ts';

interface EnrolmentCode {
  readonly url: string;
  readonly code: string;
}

export interface HostOptions {
  readonly parent: Parent | undefined;
  /** Starts the agent that is enrolled on this machine. */
  readonly start: () => Result<Agent>;
  readonly join: (code: EnrolmentCode) => Promise<Result<unknown>>;
  /** Resolves when the machine or a person ends this process. */
  readonly untilStopped: Promise<unknown>;
  readonly clock: Clock;
}

/** Nobody is enrolled on this machine. */
const NOBODY = 'E-AGENT-0304';
/** EX_CONFIG of sysexits.h. */
const CANNOT_START = 78;
/** Changes that come together are told once. */
const TELL_AFTER = ms(200);

/** Hosts an agent until its parent, its hub or the machine ends it; resolves with the exit code. */
export async function hostAgent({ parent, start, join, untilStopped, clock }: HostOptions): Promise<number> {
  const stop = Promise.withResolvers<undefined>();
  let enrolling: ((code: EnrolmentCode) => void) | undefined;
  parent?.onMessage((raw) => {
    const message = fromParentSchema.safeParse(raw);
    if (!message.success) return;
    if (message.data.type === 'stop') stop.resolve(undefined);
    else enrolling?.(message.data);
  });
  parent?.onGone(() => {
    stop.resolve(undefined);
  });
  void untilStopped.then(() => {
    stop.resolve(undefined);
  });
  const refuse = (failure: Failure): void => {
    parent?.tell({ type: 'fault', failure });
  };

  /** Waits for a code that a hub takes; false: this process is to end before that. */
  const enrolled = async (): Promise<boolean> => {
    for (;;) {
      const asked = Promise.withResolvers<EnrolmentCode>();
      enrolling = asked.resolve;
      const code = await Promise.race([asked.promise, stop.promise]);
      enrolling = undefined;
      if (!code) return false;
      const joined = await join(code);
      if (joined.ok) return true;
      refuse(joined.error);
    }
  };

  let started = start();
  while (!started.ok) {
    refuse(started.error);
    if (started.error.code !== NOBODY || !parent) return CANNOT_START;
    if (!(await enrolled())) return 0;
    started = start();
  }
  return attend({ agent: started.value, parent, stop: stop.promise, clock });
}

async function attend(options: {
  readonly agent: Agent;
  readonly parent: Parent | undefined;
  readonly stop: Promise<undefined>;
  readonly clock: Clock;
}): Promise<number> {
  const { agent, parent, clock } = options;
  const { station, identity } = agent;
  let last = '';
  let cancelTell: Cancel | undefined;
  const tellState = (): void => {
    cancelTell = undefined;
    const { connected, safeMode, outbox } = station.status();
    const state: ToParent = {
      type: 'state',
      connected,
      ...(safeMode !== undefined && { safeMode }),
      pendingEvents: outbox.pending,
      devices: (station.host?.devices() ?? []).map(({ id, capabilities, health }) => ({
        id,
        capabilities,
        state: health.state,
        ...(health.reason && { code: health.reason.code }),
      })),
    };
    const text = JSON.stringify(state);
    if (text !== last) parent?.tell(state);
    last = text;
  };
  const stopListening = station.onChange(() => {
    cancelTell ??= clock.after(TELL_AFTER, tellState);
  });
  let toldScreens: Screens | undefined;
  const tellScreens = (): void => {
    const { screens } = agent.kiosks;
    if (!screens || (screens.url === toldScreens?.url && screens.token === toldScreens.token)) return;
    toldScreens = screens;
    parent?.tell({ type: 'screens', url: screens.url, token: screens.token });
  };
  const stopScreens = agent.kiosks.onScreens(tellScreens);
  parent?.tell({ type: 'ready', agent: identity.agent, hub: identity.hub, campus: identity.campus });
  tellState();
  tellScreens();
  void options.stop.then(() => agent.stop());
  const how = await agent.ended;
  stopListening();
  stopScreens();
  cancelTell?.();
  parent?.tell({ type: 'ended', how });
  return AGENT_EXIT[how];
}
