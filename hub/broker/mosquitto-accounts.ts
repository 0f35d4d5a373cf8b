import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok, seconds } from '@hallhub/sync/base';
import { connect } from 'mqtt';
import { z } from 'zod';
import type { BrokerAccounts } from './accounts.ts';
import type { ExternalBroker } from './external.ts';
import { connectOptions } from './external.ts';
import type { TopicRights } from './rights.ts';
import { deviceRights } from './rights.ts';

const CONTROL = '$CONTROL/dynamic-security/v1';
const answerSchema = z.object({
  responses: z.array(
    z.object({ command: z.string(), correlationData: z.string().optional(), error: z.string().optional() }),
  ),
});
type Answer = z.output<typeof answerSchema>['responses'];

interface Command {
  readonly command: string;
  readonly [field: string]: unknown;
}

const PATIENCE = seconds(10);

/**
 * Accounts at mosquitto 2.0 through its dynamic security plugin, over MQTT itself: every account has a role of its own
 * (patterns such as `%u` are not known to the plugin of that version). The hub is the plugin's administrator and gives
 * itself what it needs to talk to devices.
 */
export function createMosquittoAccounts({
  broker,
  campus,
  hubId,
  clock,
}: {
  readonly broker: ExternalBroker;
  readonly campus: string;
  readonly hubId: string;
  readonly clock: Clock;
}): BrokerAccounts {
  const client = connect(broker.urls[0], { ...connectOptions(broker), clientId: `hub-${hubId}-accounts`, clean: true });
  client.on('error', () => undefined);
  let waiting: ((answer: Answer | undefined) => void) | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let asked = 0;
  let ready = false;
  const readyListeners = new Set<() => void>();

  client.on('message', (_topic, payload) => {
    const answer = parse(payload);
    // A late answer to a question that was given up is not the answer to the next one.
    if (answer?.[0]?.correlationData === String(asked)) waiting?.(answer);
  });
  client.on('close', () => {
    ready = false;
    waiting?.(undefined);
  });
  client.on('connect', () => {
    client.subscribe(`${CONTROL}/response`, { qos: 1 }, (error) => {
      if (error) return;
      void exchange(hubRole(broker.username)).then((answer) => {
        if (!answer) return;
        ready = true;
        for (const listener of readyListeners) listener();
      });
    });
  });

  /** Undefined when the broker did not answer. */
  const exchange = (commands: readonly Command[]): Promise<Answer | undefined> =>
    new Promise((resolve) => {
      const settle = (answer: Answer | undefined): void => {
        waiting = undefined;
        stopTimer();
        resolve(answer);
      };
      const stopTimer = clock.after(PATIENCE, () => {
        settle(undefined);
      });
      waiting = settle;
      asked += 1;
      const marked = commands.map((command) => ({ ...command, correlationData: String(asked) }));
      client.publish(CONTROL, JSON.stringify({ commands: marked }), { qos: 0 });
    });

  const whenReady = (): Promise<boolean> =>
    new Promise((resolve) => {
      const settle = (): void => {
        stopTimer();
        readyListeners.delete(settle);
        resolve(ready);
      };
      const stopTimer = clock.after(PATIENCE, settle);
      readyListeners.add(settle);
      if (ready) settle();
    });

  /** One at a time: answers carry nothing that would tell them apart. */
  const request = (commands: readonly Command[], mayFail: (command: Command) => boolean): Promise<Result<void>> => {
    const turn = last.then(async (): Promise<Result<void>> => {
      const answer = (await whenReady()) ? await exchange(commands) : undefined;
      if (!answer) return failure('E-DEV-0411', broker.urls[0]);
      const refused = answer.find(({ error }, index) => error !== undefined && !mayFail(commands[index] ?? NO_COMMAND));
      return refused ? failure('E-DEV-0412', `${refused.command}: ${refused.error}`) : ok();
    });
    last = turn;
    return turn;
  };

  return {
    open: () => {
      client.connect();
    },
    put: (id, password, rights = deviceRights(campus, id)) =>
      request(
        [
          ...removal(id),
          { command: 'createRole', rolename: roleOf(id), acls: toAcls(rights) },
          {
            command: 'createClient',
            username: id,
            password,
            ...(rights.ownClientId && { clientid: id }),
            roles: [{ rolename: roleOf(id) }],
          },
        ],
        ({ command }) => command.startsWith('delete'),
      ),
    // Only what is not there can fail here.
    remove: (id) => request(removal(id), () => true),
    close: () => client.endAsync(true),
  };
}

const NO_COMMAND: Command = { command: '' };

const roleOf = (id: string): string => `hallhub-${id}`;

/** Deleting the account disconnects whoever uses it. */
const removal = (id: string): readonly Command[] => [
  { command: 'deleteClient', username: id },
  { command: 'deleteRole', rolename: roleOf(id) },
];

const hubRole = (username: string): readonly Command[] => [
  {
    command: 'createRole',
    rolename: 'hallhub',
    acls: [
      { acltype: 'publishClientSend', topic: '#', allow: true },
      { acltype: 'subscribePattern', topic: '#', allow: true },
    ],
  },
  { command: 'addClientRole', username, rolename: 'hallhub' },
];

/** What is not named is denied to send and to subscribe to: the plugin's defaults. */
function toAcls({ publish, neverPublish, subscribe, exactly }: TopicRights): readonly Record<string, unknown>[] {
  const send = 'publishClientSend';
  return [
    ...publish.map((topic) => ({ acltype: send, topic, priority: 0, allow: true })),
    ...neverPublish.map((topic) => ({ acltype: send, topic, priority: 1, allow: false })),
    ...subscribe.map((topic) => ({ acltype: exactly ? 'subscribeLiteral' : 'subscribePattern', topic, allow: true })),
  ];
}

function parse(payload: Buffer): Answer | undefined {
  try {
    const answer = answerSchema.safeParse(JSON.parse(payload.toString('utf8')));
    return answer.success ? answer.data.responses : undefined;
  } catch {
    return undefined;
  }
}
