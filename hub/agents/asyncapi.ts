import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  agentDeviceSchema,
  agentEventTypes,
  commandMessageSchema,
  helloAnswerSchema,
  helloSchema,
  hubAskSchema,
  liveMessageSchema,
  profileBundleSchema,
  profileKeysSchema,
  topics,
} from '@hallhub/device-drivers/agent/station';
import { capabilityNames, shapeOf } from '@hallhub/device-drivers/capabilities';
import { answerSchema, askSchema } from '@hallhub/sync/adapters/pipe';
import { z } from 'zod';
import { presenceSchema } from '../broker/index.ts';
import { gateEventTypes, gateKinds } from '../gates/edge/index.ts';
import { kioskKinds } from '../kiosks/edge/wire.ts';
import { cabinetEventTypes, cabinetKinds } from '../lockers/cabinet-contract.ts';

/** Where the generated document stands. */
export const asyncApiFile = join(import.meta.dirname, '../../docs/asyncapi/agents.json');

/** Schemas that others refer to, by name; they stand in the document once. */
type Shared = Map<string, unknown>;

function toJson(schema: z.ZodType, shared: Shared): object {
  const { $defs, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  for (const [name, definition] of Object.entries($defs ?? {})) shared.set(name, atHome(definition));
  return atHome(Object.fromEntries(Object.entries(json).filter(([key]) => key !== '$schema' && key !== '~standard')));
}

/** The same with its references to where shared schemas stand in this document. */
const atHome = (json: object): object =>
  JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/')) as object;

interface MessageOf {
  readonly name: string;
  readonly summary: string;
  readonly schema: z.ZodType;
}

const eventMessage = (type: string, schema: z.ZodType): MessageOf => ({
  name: type,
  summary: 'Data of an event of this type; it travels in the `events` question as a CloudEvent',
  schema,
});

/** What each topic carries. `send` and `receive` are the agent's. */
const channels: readonly {
  readonly id: string;
  readonly topic: string;
  readonly action: 'send' | 'receive';
  readonly summary: string;
  readonly messages: readonly MessageOf[];
}[] = [
  {
    id: 'presence',
    topic: 'up/presence',
    action: 'send',
    summary:
      'The agent is there: after subscribing and every 10 s at QoS 0; `offline` as the last will. Never retained. The hub sends it back on `down/presence`; without an echo for 35 s the agent connects anew',
    messages: [{ name: 'Presence', summary: 'Here, or gone', schema: presenceSchema }],
  },
  {
    id: 'ask',
    topic: topics.ask,
    action: 'send',
    summary:
      'Questions to the hub: `hello`, its feed (`pull`, `pullRevocations`, `image`, `digest`, `bucket`, `records`) and its events (`events`, `position`). A question without an answer is asked again',
    messages: [
      { name: 'Ask', summary: 'A question', schema: askSchema },
      { name: 'Hello', summary: '`params` of `hello`', schema: helloSchema },
      ...[...agentEventTypes, ...gateEventTypes, ...cabinetEventTypes].map(({ type, schema }) =>
        eventMessage(type, schema),
      ),
    ],
  },
  {
    id: 'answer',
    topic: topics.answer,
    action: 'receive',
    summary: 'Answers of the hub. An event counts as delivered when its answer says so, not when the broker has it',
    messages: [
      { name: 'Answer', summary: 'The answer to the question of the same id', schema: answerSchema },
      { name: 'HelloAnswer', summary: '`value` for `hello`: the hub’s time', schema: helloAnswerSchema },
      {
        name: 'AgentDevice',
        summary: '`data` of a change of kind `agent-device` in the feed',
        schema: agentDeviceSchema,
      },
      {
        name: 'ProfileKeys',
        summary: '`data` of the change of kind `profile-keys` in the feed: whose bundles are believed from now on',
        schema: profileKeysSchema,
      },
      {
        name: 'ProfileBundle',
        summary: '`data` of the change of kind `profile-bundle` in the feed',
        schema: profileBundleSchema,
      },
      ...gateKinds.map(({ kind, schema }) => ({
        name: kind,
        summary: `\`data\` of a change of kind \`${kind}\` in the feed, to agents that decide at gates`,
        schema,
      })),
      ...kioskKinds.map(({ kind, schema }) => ({
        name: kind,
        summary: `\`data\` of a change of kind \`${kind}\` in the feed, to agents that serve the screens of kiosks`,
        schema,
      })),
      ...cabinetKinds.map(({ kind, schema }) => ({
        name: kind,
        summary: `\`data\` of a change of kind \`${kind}\` in the feed, to agents that serve the screens of kiosks`,
        schema,
      })),
    ],
  },
  {
    id: 'hubAsks',
    topic: topics.hubAsks,
    action: 'receive',
    summary:
      'Questions of the hub: a call of a capability, a device’s last frames, to leave the safe mode, or (`withdraw`) to destroy keys and data',
    messages: [{ name: 'HubAsk', summary: 'A question', schema: hubAskSchema }],
  },
  {
    id: 'agentAnswers',
    topic: topics.agentAnswers,
    action: 'send',
    summary: 'The agent’s answers',
    messages: [{ name: 'AgentAnswer', summary: 'The answer to the question of the same id', schema: answerSchema }],
  },
  {
    id: 'command',
    topic: topics.command,
    action: 'receive',
    summary:
      'A command, sent again at growing intervals until word of it has come up or it has expired. Done at most once for an id, never begun at `expiresAt` (the hub’s time) or after, never when retained. One that takes longer than half a second is told as begun, and its receipt follows',
    messages: [{ name: 'Command', summary: 'What a device is to do', schema: commandMessageSchema }],
  },
  {
    id: 'live',
    topic: topics.live,
    action: 'send',
    summary: 'What a device reports and only matters now: a card, a scan, a reading. Dropped when it is late',
    messages: [{ name: 'Live', summary: 'An event of a capability', schema: liveMessageSchema }],
  },
];

/** Commands, calls and events of every capability, for whoever writes an agent of their own. */
function capabilitySchemas(shared: Shared): Readonly<Record<string, object>> {
  return Object.fromEntries(
    capabilityNames.flatMap((name) => {
      const { commands, events } = shapeOf(name);
      return [
        ...Object.entries(commands).map(([key, { args, done }]) => [
          `${name}.${key}`,
          { description: `Arguments. Done: ${JSON.stringify(done)}`, ...toJson(args, shared) },
        ]),
        ...Object.entries(events).map(([key, { data }]) => [`${name}.${key}`, toJson(data, shared)]),
      ];
    }),
  ) as Readonly<Record<string, object>>;
}

/** The AsyncAPI 3.0 document of the link between a hub and its agents, made from the schemas that both check with. */
export function asyncApi(): object {
  const shared: Shared = new Map();
  const messages = new Map(channels.flatMap((channel) => channel.messages.map((message) => [message.name, message])));
  const described = Object.fromEntries(
    [...messages.values()].map(({ name, summary, schema }) => [
      name,
      {
        name,
        summary,
        contentType: 'application/json',
        payload: { schemaFormat: 'application/schema+json;version=draft-2020-12', schema: toJson(schema, shared) },
      },
    ]),
  );
  const capabilities = capabilitySchemas(shared);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'hallhub agents',
      version: '1.0.0',
      description:
        'How a hub and its agents speak over MQTT 3.1.1. The broker is a pipe that may lose, double and reorder: nothing is retained, sessions are clean, and whatever matters is asked again until it is answered.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(
      channels.map(({ id, topic, summary, messages: list }) => [
        id,
        {
          address: `c/{campus}/d/{agent}/${topic}`,
          summary,
          parameters: {
            campus: { description: 'The campus of the hub' },
            agent: { description: 'The agent’s id: its user name and client id at once' },
          },
          messages: Object.fromEntries(list.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }])),
        },
      ]),
    ),
    operations: Object.fromEntries(
      channels.map(({ id, action, summary }) => [
        id,
        { action, channel: { $ref: `#/channels/${id}` }, summary, bindings: { mqtt: { qos: 0, retain: false } } },
      ]),
    ),
    components: { messages: described, schemas: { ...Object.fromEntries(shared), ...capabilities } },
  };
}

/** Writes it: `node hub/agents/asyncapi.ts`. */
export const asyncApiText = (): string => `${JSON.stringify(asyncApi(), null, 2)}\n`;

if (import.meta.main) {
  mkdirSync(dirname(asyncApiFile), { recursive: true });
  writeFileSync(asyncApiFile, asyncApiText());
}
