import { z } from 'zod';

/** What an agent sends to be enrolled. */
export const enrolRequestSchema = z
  .object({
    /** The secret part of the code. */
    code: z.string().max(64),
    /** SPKI in DER, P-256, in base64: the key that the agent has made. */
    publicKey: z.base64().max(400),
    /** ECDSA-SHA-256 over the code with that key, in base64. */
    proof: z.base64().max(400),
  })
  .meta({ id: 'EnrolRequest' });

/** The hub's answer: credentials that only the key of the request opens. */
export const enrolAnswerSchema = z.object({ sealed: z.base64().max(20_000) }).meta({ id: 'EnrolAnswer' });

/** What is in the sealed box. */
export const credentialsSchema = z.object({
  agent: z.string(),
  hub: z.string(),
  campus: z.string(),
  token: z.string(),
  /** 32 bytes, base64: keyed hashes on this agent are made with it, and with no other agent's. */
  matchKey: z.base64(),
  /** Ed25519 public keys (raw, base64) by id: whose bundles of profiles this agent believes. */
  profileKeys: z.record(z.string(), z.string()),
  mqtt: z.object({
    /** The brokers outside; absent where the hub is its own broker, at `port` of the hub's address. */
    urls: z.tuple([z.string()], z.string()).optional(),
    port: z.int().optional(),
    tls: z.boolean(),
    /** PEM; absent where the broker's certificate is publicly trusted. */
    ca: z.string().optional(),
  }),
});
export type Credentials = z.output<typeof credentialsSchema>;
