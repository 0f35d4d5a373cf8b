import { readFileSync } from 'node:fs';
import type { Clock, DurationMs, RandomBytes } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { Config } from '../config/index.ts';
import type { Fleet } from '../fleet.ts';
import type { Notifications } from '../notifications/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Vault } from '../vault/index.ts';
import { alarmText } from './alarm-text.ts';
import type { CalendarConfig } from '../calendar/index.ts';
import { gatesWithoutConfidence } from './camera-advice.ts';
import type { Desk } from './desk/index.ts';
import { createDesk } from './desk/index.ts';
import type { Gates } from './ports.ts';
import { createGates } from './service.ts';

/** Gates, and the desk of those who guard them. */
export interface Admission {
  readonly gates: Gates;
  readonly desk: Desk;
}

export function createAdmission(deps: {
  readonly config: Config;
  readonly calendar: CalendarConfig;
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly fleet: Pick<Fleet, 'agents' | 'configured' | 'matchKey' | 'profiles' | 'registry'>;
  readonly notifications: Pick<Notifications, 'notify'>;
  readonly requests: () => Requests;
  readonly pictureAge: () => DurationMs | undefined;
  readonly clockTrusted: () => boolean;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Admission {
  const { config, calendar, db, clock, random, vault, audit, outbox, requests, pictureAge, clockTrusted } = deps;
  const { fleet, notifications } = deps;
  const { agents, profiles, registry } = fleet;
  const advise = (): void => {
    for (const { gate, camera } of gatesWithoutConfidence(config.gates, fleet.configured(), profiles.catalogue()))
      deps.log(
        'warn',
        'this camera never says how sure it is of a plate: every car waits for the guard; withoutConfidence: accept lets its plates open',
        { gate, deviceId: camera },
      );
  };
  advise();
  profiles.onUse(advise);
  const gates = createGates({
    db,
    clock,
    random,
    vault,
    audit,
    outbox,
    // A grant is committed under the command's own id before the barrier is told, so nobody waits for a second commit.
    host: registry.commands.fleet('behind'),
    requests,
    // Which agent decides at a gate is settled at the start: a part that moved between hub and agent counts from the next one.
    devices: fleet.configured(),
    agents: {
      feeds: agents.feeds,
      projected: (agent) => {
        agents.projected(agent);
      },
      connected: (agent) => agents.state(agent).connected,
      ask: (agent, name, params) => agents.askPart(agent, 'gates', name, params),
      matchKey: fleet.matchKey,
    },
    calendar,
    areas: config.areas,
    gates: config.gates,
    visitorKeys: config.codes.visitorKeys,
    entriesKept: ms(config.retention.gateEntryDays * 86_400_000),
    ...(config.codes.legacy && {
      legacyCodes: {
        password: readFileSync(config.codes.legacy.passwordFile, 'utf8').trim(),
        validFor: config.codes.legacy.validFor,
      },
    }),
    pictureAge,
    dark: (deviceId, from, until) => registry.darkSpans(deviceId, from, until),
    clockTrusted,
    log: deps.log,
  });

  const desk = createDesk({
    db,
    clock,
    random,
    vault,
    audit,
    outbox,
    gates,
    requests,
    hub: config.hub,
    calendar,
    areas: config.areas,
    gateConfigs: config.gates,
  });
  gates.onAlarm((alarm) => {
    const text = alarmText(alarm, config);
    if (text === undefined) return;
    for (const channel of config.notifications.gateAlarms)
      notifications.notify({ channel, text, dedupe: `gate-alarm/${alarm.id}/${channel}` });
  });
  return { gates, desk };
}
