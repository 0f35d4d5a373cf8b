import type { DurationMs } from '@hallhub/sync/base';
import { z } from 'zod';
import { attendance } from './attendance.ts';
import { areaSchema, gateSchema } from './gates.ts';
import { kiosk, selfService } from './kiosks.ts';
import { isNetwork } from './network.ts';
import { lockers } from './lockers.ts';
import { duration, id, label, port, publicKey } from './primitives.ts';
import { queueHall } from './queue.ts';

const timeZone = z.string().refine((zone) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone.length > 0;
  } catch {
    return false;
  }
}, 'an IANA time zone such as Asia/Shanghai');

const http = z
  .strictObject({
    host: z.string().default('127.0.0.1'),
    port: port.default(8080),
    /** Names and addresses under which people reach the hub; they stand in its own certificate. */
    names: z.array(z.string()).default([]),
    tls: z
      .discriminatedUnion('mode', [
        z.strictObject({ mode: z.literal('own-ca') }),
        z.strictObject({ mode: z.literal('files'), certFile: z.string(), keyFile: z.string() }),
        z.strictObject({ mode: z.literal('off') }),
      ])
      .default({ mode: 'own-ca' }),
    /**
     * Addresses and networks of the proxies in front, whose word on who asks (`X-Forwarded-For`) is believed: limits then
     * count people and not proxies.
     */
    trustProxy: z.array(z.string().refine(isNetwork, 'an IP address, or a network such as 10.1.0.0/24')).default([]),
  })
  .prefault({});

const hall = z.strictObject({
  url: z.url(),
  /** The token itself, or a file that holds it and nothing else. */
  token: z.string().min(16).optional(),
  tokenFile: z.string().optional(),
  /** Ed25519 public keys of the hall's feed, by key id; more than one during a rotation. */
  keys: z.record(z.string(), publicKey),
  /** PEM of the authority that signed the hall's certificate, where it is not a public one. */
  caFile: z.string().optional(),
  /** Standard Webhooks secret (`whsec_…`) for "pull now" hints. */
  webhookSecret: z.string().optional(),
});

/** One address, or those of the nodes of a cluster. */
const urls = (pattern: RegExp, what: string) => {
  const one = z.string().regex(pattern, what);
  return z
    .union([one, z.tuple([one], one)])
    .transform((value): readonly [string, ...string[]] => (typeof value === 'string' ? [value] : value));
};

const mqtt = z
  .strictObject({
    /** The hub's own broker, or one outside (docs/brokers.md). */
    broker: z.enum(['embedded', 'mosquitto', 'rabbitmq']).default('embedded'),
    /** Outside: `mqtts://broker.example.edu:8883`, or several. */
    url: urls(/^mqtts?:\/\/[^/]+$/, 'mqtts://host:port, or a list of them').optional(),
    /** Outside: the hub's account, which administers the others. */
    user: z.string().min(1).optional(),
    /** Outside: a file that holds the account's password and nothing else. */
    passwordFile: z.string().optional(),
    /** Outside: PEM of the authority that signed the broker's certificate, where it is not a public one. */
    caFile: z.string().optional(),
    /** RabbitMQ: `https://broker.example.edu:15671` of the management plugin, or several. */
    managementUrl: urls(/^https?:\/\/[^/]+\/?$/, 'https://host:port, or a list of them').optional(),
    /** Devices that speak the topics of somebody else. Each gets a token like any other; its id is the user name. */
    guests: z
      .array(
        z.strictObject({
          id,
          convention: z.enum(['tasmota', 'shelly', 'zigbee2mqtt', 'home-assistant', 'vzenith']),
          /** Tasmota's `Topic`, Shelly's topic prefix, Zigbee2MQTT's base topic, Home Assistant's discovery prefix, a Vzenith camera's serial number. */
          topic: z
            .string()
            .regex(/^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,3}$/, 'plain words with slashes between'),
          /** Tasmota's own, as its information page shows it: it makes itself known under this address and no other. */
          mac: z
            .string()
            .regex(/^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){5}$/, 'a MAC address')
            .transform((text) => text.replaceAll(':', '').toUpperCase())
            .optional(),
        }),
      )
      .default([]),
    /** Embedded: where it listens. */
    host: z.string().default('127.0.0.1'),
    port: port.default(8883),
    tls: z.enum(['own-ca', 'off']).default('own-ca'),
    maxConnectionsPerAddress: z.int().min(1).default(64),
  })
  .prefault({});

/** As `lsusb` shows it. */
const usbId = z
  .string()
  .regex(/^[0-9a-f]{4}$/, 'four hex digits')
  .transform((hex) => Number.parseInt(hex, 16));

/** One topic: without wildcards. */
const topic = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^+#\0]+$/, 'a topic without + and #');

/** The line to a device; the same shapes that drivers are given. Devices with equal settings share one line (an RS-485 bus). */
const transport = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('serial'),
    /** A stable name such as `/dev/serial/by-id/…`. */
    path: z.string().min(1),
    baudRate: z.int().min(300).default(115_200),
    dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
    parity: z.enum(['none', 'even', 'odd']).default('none'),
    stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
  }),
  z.strictObject({ kind: z.literal('tcp'), host: z.string().min(1), port: port.min(1) }),
  z.strictObject({
    kind: z.literal('usb'),
    vendorId: usbId,
    productId: usbId,
    /** Tells two devices of a kind apart. */
    serialNumber: z.string().min(1).exactOptional(),
    interfaceNumber: z.int().min(0).max(31).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('udp'),
    host: z.string().min(1),
    port: port.min(1),
    /** Where the device sends to by itself. */
    localPort: port.min(1).exactOptional(),
  }),
  /** Each write is a POST; the answer's body is what the device says. */
  z.strictObject({ kind: z.literal('http'), url: z.url({ protocol: /^https?$/ }) }),
  /** A serial line behind a gateway that carries its bytes over MQTT. */
  z.strictObject({ kind: z.literal('mqtt-line'), send: topic, receive: topic }),
  z.strictObject({ kind: z.literal('url'), url: z.url() }),
  /** A Tasmota, a Shelly or a device behind Zigbee2MQTT on the hub's broker; its topic is a parameter. */
  z.strictObject({ kind: z.literal('mqtt') }),
  /**
   * Devices that report by HTTP requests of their own (cameras, terminals): where this hub or agent listens for them, without
   * TLS, which they do not know; it belongs into their own network. Which device is whose says its parameter `door`.
   */
  z.strictObject({ kind: z.literal('http-listen'), host: z.string().min(1), port: port.min(1) }),
  z.strictObject({ kind: z.literal('memory'), name: z.string().min(1), baudRate: z.int().min(300).optional() }),
]);

const device = z.strictObject({
  id,
  /** A profile of `firmware-profiles`, e.g. `generic/resident-id-serial`. */
  profile: z.string().min(1),
  label,
  /** The agent beside which it stands; without one it is plugged into the hub. */
  agent: id.optional(),
  transport,
  /** Overrides of the profile's parameters: a bus address, a relay's channel. */
  params: z.record(z.string(), z.unknown()).default({}),
});

/** A small machine at a gate or in a cabinet, with devices of its own. It is enrolled with a one-time code. */
const agent = z.strictObject({ id, label });

/** A Home Assistant on the same broker, in which every device also appears. */
const homeAssistant = z
  .strictObject({
    enabled: z.boolean().default(false),
    /** Its discovery prefix. */
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'one plain word')
      .default('homeassistant'),
    /** What people may do from there. Without an entry a device is only shown. */
    allow: z
      .array(
        z.strictObject({
          /** `*` for all; a barrier must be named, and opens for whoever may use that Home Assistant. */
          device: z.union([id, z.literal('*')]),
          capability: z.enum(['switch', 'curtain', 'barrier']),
        }),
      )
      .default([]),
  })
  .prefault({});

const httpsUrl = z.url({ protocol: /^https?$/ });

/** Where messages to people go. Each secret lies in a file that holds it and nothing else. */
const channel = z.discriminatedUnion('type', [
  /** 企业微信群机器人; the file holds the key of its webhook. */
  z.strictObject({ id, type: z.literal('wecom-robot'), secretFile: z.string(), baseUrl: httpsUrl.optional() }),
  /** 企业微信应用; the file holds the application's secret. */
  z.strictObject({
    id,
    type: z.literal('wecom-app'),
    corpId: z.string().min(1),
    agentId: z.int(),
    secretFile: z.string(),
    baseUrl: httpsUrl.optional(),
  }),
  /** 钉钉群机器人; the file holds its token and its signing secret, one a line. */
  z.strictObject({ id, type: z.literal('dingtalk-robot'), secretFile: z.string(), baseUrl: httpsUrl.optional() }),
  /** Any service that takes a signed POST (Standard Webhooks); the file holds `whsec_…`. */
  z.strictObject({ id, type: z.literal('webhook'), url: httpsUrl, secretFile: z.string() }),
  /** Mail by the university's own server; the file holds the password of `user`. */
  z
    .strictObject({
      id,
      type: z.literal('smtp'),
      host: z.string().min(1),
      /** By default 587, or 465 where TLS is implicit. */
      port: port.min(1).optional(),
      /** `starttls` is refused where the server does not offer it; `off` sends in the clear, within the machine or its own network. */
      tls: z.enum(['starttls', 'implicit', 'off']).default('starttls'),
      /** PEM of the authority that signed the server's certificate, where it is not a public one. */
      caFile: z.string().optional(),
      user: z.string().min(1).optional(),
      secretFile: z.string().optional(),
      from: z.email(),
      /** A group's addresses, which get everything; without them each message says whom it is for. */
      to: z.array(z.email()).default([]),
    })
    .refine(
      ({ user, secretFile }) => (user === undefined) === (secretFile === undefined),
      'user and secretFile together',
    ),
]);

const notifications = z
  .strictObject({
    channels: z.array(channel).default([]),
    /** Which channels hear of what happens at gates: forced doors, tailgating, fire, duress, a pass used twice. */
    gateAlarms: z.array(id).default([]),
  })
  .prefault({});

/** Codes on phones and paper that gates read. */
const codes = z
  .strictObject({
    /** Ed25519 public keys of others (another hub of the university, its hall) whose visitor codes are believed here. */
    visitorKeys: z.array(publicKey).default([]),
    /**
     * Codes of older campus systems (`MD5(id)-epoch-MD5(…)`), whose id is the member's number. One password for everybody makes
     * them, and whoever learns it is anybody: only for as long as they are still in use.
     */
    legacy: z
      .strictObject({
        /** A file that holds the password and nothing else. */
        passwordFile: z.string(),
        /** How long a code counts after it was made. */
        validFor: duration
          .refine((value) => value >= 10_000 && value <= 600_000, '10 s to 10 min')
          .default(() => 60_000 as DurationMs),
      })
      .optional(),
  })
  .prefault({});

/** A time-stamp authority (RFC 3161). */
const timestamp = z
  .strictObject({
    url: z.url(),
    timeout: duration.default(() => 5_000 as DurationMs),
    /** Whether nothing is issued without a time stamp. Else a paper that cannot be stamped now is signed without one. */
    required: z.boolean().default(false),
  })
  .optional();

const readyPolicy = z.enum(['required', 'if-present', 'ignore']);

/** The hub's configuration file. One source: the check, the types, and the JSON Schema for editors come from here. */
export const configSchema = z.strictObject({
  hub: z.strictObject({
    id,
    label,
    campus: id,
    timeZone: timeZone.default('Asia/Shanghai'),
    /** Days off beside Saturdays and Sundays, and Saturdays and Sundays that are worked (调休). */
    calendar: z
      .strictObject({ holidays: z.array(z.iso.date()).default([]), workdays: z.array(z.iso.date()).default([]) })
      .prefault({}),
  }),
  http,
  hall,
  mqtt,
  homeAssistant,
  notifications,
  agents: z.array(agent).default([]),
  devices: z.array(device).default([]),
  areas: z.array(areaSchema).default([]),
  gates: z.array(gateSchema).default([]),
  attendance,
  codes,
  /** How long records are kept that may be kept for longer or shorter; the others are in docs/operations.md. */
  retention: z
    .strictObject({
      /** Entries and alarms at gates, without names. What a pass that still counts has used stays with the pass. */
      gateEntryDays: z.int().min(30).max(3_650).default(180),
    })
    .prefault({}),
  kiosks: z.array(kiosk).default([]),
  selfService,
  /** Halls where people wait for their number. */
  queue: z.strictObject({ halls: z.array(queueHall).default([]) }).prefault({}),
  /** Cabinets, runs between campuses, and the hubs of those. */
  lockers,
  profiles: z
    .strictObject({
      /** Ed25519 public keys, by id: whose bundles of profiles are believed here and on the agents. */
      keys: z.record(z.string(), publicKey).default({}),
      /** For so long a new bundle is on trial: when a device is dark for most of its second half, the last proven one comes back. */
      trial: duration.default(() => 120_000 as DurationMs),
    })
    .prefault({}),
  firmware: z
    .strictObject({
      /** Where devices and agents fetch images from this hub. By default the first of `http.names` at the hub's own port. */
      url: z.url({ protocol: /^https?$/ }).optional(),
      /**
       * A second server, without TLS, that hands out images under roll-out and nothing else: for devices that fetch by
       * themselves and know no TLS (Tasmota, Shelly). Absent: there is none. It belongs into the devices' own network.
       */
      plain: z
        .strictObject({
          /** The address on which it listens. */
          host: z.string().min(1),
          port: port.default(8081),
          /** As devices reach it, where that is not `http://{host}:{port}`. */
          url: z
            .url({ protocol: /^http$/ })
            .refine((text) => new URL(text).pathname === '/', 'no path')
            .optional(),
        })
        .optional(),
    })
    .prefault({}),
  certificates: z
    .strictObject({
      /** Families that templates may name, as TrueType or OpenType files of one face each; `song` is Noto Serif SC unless it stands here. */
      fonts: z
        .record(
          z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
          z.strictObject({ regular: z.string().min(1), bold: z.string().min(1).optional() }),
        )
        .default({}),
      /** A font for characters that all families lack, e.g. HanaMinB from fonts-hanazono. */
      fallbackFontFile: z.string().optional(),
      /** A folder of templates (`<name>/<version>/template.json`) beside those that ship; its own count before them. */
      templates: z.string().optional(),
      issuer: label.default({ zh: '示例大学', en: 'Specimen University' }),
      office: label.default({ zh: '教务处', en: 'Office of Academic Affairs' }),
      /** The straight line in the seal. */
      sealPurpose: z.string().default('证明专用章'),
      /** Begins each certificate number; unique among the hubs of one university. */
      numberPrefix: z
        .string()
        .regex(/^[A-Z0-9]{1,8}$/)
        .default('H1'),
      /** Where the QR code on the paper points; the verification code is appended as `?code=`. */
      verifyUrl: z.url().default('https://verify.example.edu/'),
      idleShutdown: duration.default(() => 300_000 as DurationMs),
      /**
       * “第 N 次打印 / Print No. N” at the foot of every sheet; the document itself stays as it was signed. PDFs that the hall
       * made are left alone unless `overprintByTemplate` names theirs: nobody knows what stands at their foot.
       */
      overprint: z.boolean().default(false),
      overprintByTemplate: z.record(z.string(), z.boolean()).default({}),
      /** Makes page images for printers that take no PDF. Absent: such printers are refused. */
      raster: z
        .strictObject({
          /** `mutool` or `gs`, or a path to one of them; installed by the operator, both under the AGPL. */
          command: z.string().regex(/(?:^|\/)(?:mutool|gs)$/),
          /** Dots per inch, where the printer takes both. */
          dpi: z.literal([300, 600]).default(300),
        })
        .optional(),
      /** The page that checks papers, `/verify`. */
      verification: z
        .strictObject({
          /** PEM files of authorities whose signatures are believed; the one behind `signing` belongs here too. */
          trust: z.array(z.string().min(1)).default([]),
          /**
           * What is asked of the signatures of PDFs that the hall made itself: `required` by an authority of `trust` and over
           * the whole file; `if-present` not broken; `ignore`.
           */
          ready: readyPolicy.default('if-present'),
          /** The same by name of the template. */
          readyByTemplate: z.record(z.string(), readyPolicy).default({}),
          /** A `hallhub verify-site` that is told of every paper. */
          site: z
            .strictObject({
              url: z.url({ protocol: /^https?$/ }),
              tokenFile: z.string().min(1),
              /** Its Ed25519 public keys by key id, as it says at its start. */
              keys: z.record(z.string(), publicKey).refine((keys) => Object.keys(keys).length > 0, 'at least one key'),
              /** PEM of the authority behind its certificate, where it is not a public one. */
              caFile: z.string().min(1).optional(),
            })
            .optional(),
        })
        .prefault({}),
      /** Signs every paper made here (PAdES). Absent: a seal and no signature. */
      signing: z
        .discriminatedUnion('kind', [
          z.strictObject({
            kind: z.literal('pkcs12'),
            file: z.string().min(1),
            /** Its first line is the password. */
            passwordFile: z.string().min(1),
            timestamp,
          }),
          z.strictObject({
            kind: z.literal('pkcs11'),
            /** The token's library, e.g. `/usr/lib/softhsm/libsofthsm2.so`. */
            module: z.string().min(1),
            tokenLabel: z.string().min(1).max(32),
            /** `CKA_LABEL` of both the key (RSA or P-256) and its certificate. */
            keyLabel: z.string().min(1),
            pinFile: z.string().min(1),
            timestamp,
          }),
        ])
        .optional(),
    })
    .prefault({}),
  log: z.strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
});

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
export type GateConfig = Config['gates'][number];
export type AgentConfig = Config['agents'][number];
export type AreaConfig = Config['areas'][number];
export type AttendanceConfig = Config['attendance'];
export type QueueHallConfig = Config['queue']['halls'][number];
export type KioskConfig = Config['kiosks'][number];
export type DeviceConfig = Config['devices'][number];
export type Label = z.output<typeof label>;
