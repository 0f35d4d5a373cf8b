import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync } from 'node:crypto';
import type { EpochMs } from '@hallhub/sync/base';
import { iso } from '@hallhub/sync/base';
import { rawPublicKey, signBytes } from '@hallhub/sync/contract';
import { residentNumber } from './people.ts';

export const PAGE_SIZE = 1_000;
export const HUB = 'hub-bench';
/** The source is asked with this nonce every time, so that its answers can be signed beforehand. */
export const NONCE = Buffer.alloc(18, 7);

/** An answer of a hall: the exact bytes and the header that signs them. */
export interface SignedPage {
  readonly body: Buffer;
  readonly signature: string;
}

export interface PreparedHall {
  readonly keyId: string;
  /** Raw Ed25519 key, base64. */
  readonly publicKey: string;
  readonly pages: readonly SignedPage[];
}

/** A hall's complete image of `count` requests, every second one a visit, every second one a certificate. */
export function prepareImage(count: number, now: EpochMs): PreparedHall {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keyId = 'hall-bench';
  const total = Math.ceil(count / PAGE_SIZE);
  const pages = Array.from({ length: total }, (_, page) => {
    const from = page * PAGE_SIZE;
    const size = Math.min(PAGE_SIZE, count - from);
    const changes = Array.from({ length: size }, (_, index) => request(from + index, now));
    return sign(
      {
        type: 'snapshot',
        nonce: NONCE.toString('base64url'),
        hub: HUB,
        issuedAt: iso(now),
        changes,
        asOf: iso(now),
        next: page === total - 1 ? null : `page-${page + 1}`,
        cursor: 'cursor-0',
        revocationsCursor: 'revocations-0',
      },
      keyId,
      privateKey,
    );
  });
  return { keyId, publicKey: rawPublicKey(publicKey), pages };
}

function sign(value: object, keyId: string, privateKey: KeyObject): SignedPage {
  const body = Buffer.from(JSON.stringify(value));
  return { body, signature: signBytes(body, keyId, privateKey) };
}

function request(n: number, now: EpochMs): object {
  const common = {
    id: `${n % 2 === 0 ? 'visit' : 'paper'}-${String(n).padStart(8, '0')}`,
    schemaVersion: '1.0',
    revision: 1 + (n % 3),
    op: 'upsert',
    validFrom: iso((now - 3_600_000) as EpochMs),
    validUntil: iso((now + 30 * 86_400_000) as EpochMs),
    committedAt: iso((now - 1_000 * (n % 3_600)) as EpochMs),
  };
  return n % 2 === 0
    ? {
        ...common,
        kind: 'visitor-access',
        data: {
          people: [{ name: '访客', document: { type: 'resident-id', number: residentNumber(n) } }],
          companions: n % 3,
          gates: ['east-1'],
          areas: ['main-campus'],
          host: { name: '李老师', department: '计算机科学与技术学院', phone: '010-00000000' },
          purpose: '参加学术讲座，访问实验室',
        },
      }
    : {
        ...common,
        kind: 'certificate',
        data: {
          student: { number: `2023${String(n).padStart(8, '0')}`, name: '学生', residentId: residentNumber(n) },
          template: 'enrolment',
          content: {
            type: 'fields',
            fields: {
              school: '计算机科学与技术学院',
              major: '软件工程',
              degree: '本科',
              enrolledOn: '2023-09-01',
              years: 4,
            },
          },
          copiesAllowed: 2,
        },
      };
}
