import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Clock, type Failure, type Result, failure } from '../../base/index.ts';
import { type VerificationAnswer, type VerificationRegister, answerCode, answerFile, answerHash } from '../answers.ts';
import { DOCUMENT_BYTES_AT_MOST } from '../document.ts';
import { type GuardLimits, createGuard } from '../guard.ts';
import type { TrustRoots } from '../trust.ts';
import { answerHtml, pageHtml, refusalHtml } from './page.ts';
import type { Language } from './texts.ts';

export interface VerifySiteOptions {
  readonly register: VerificationRegister;
  /** Asked for each file that is looked at. */
  readonly roots: () => TrustRoots;
  readonly clock: Clock;
  /** Decides which day it is. */
  readonly timeZone: string;
  readonly issuer: { readonly zh: string; readonly en: string };
  readonly limits?: GuardLimits;
  /** Counts only: neither codes nor addresses. */
  readonly onRefused: (counts: { readonly refused: number; readonly misses: number }) => void;
}

/** Files that are in memory at a time. */
const FILES_AT_ONCE = 4;

const asset = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'assets', name));

/**
 * The public page on which anybody checks a paper, with all that it needs, below `/verify`: nothing is written, and no file
 * is kept. For `register()` of Fastify; a hub and a hall serve the same.
 *
 * - `GET /verify?code=…&lang=zh|en`: the page, with the answer in it.
 * - `GET /verify/file/{sha256}`, `POST /verify/file` (the PDF as the body): the answer, as a piece of that page or, where JSON
 *   is asked for, as `VerificationAnswer`.
 */
export function verifySite(server: FastifyInstance, options: VerifySiteOptions): void {
  const { clock, register, roots, issuer } = options;
  const guard = createGuard({
    clock,
    onRefused: options.onRefused,
    ...(options.limits && { limits: options.limits }),
  });
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: options.timeZone, dateStyle: 'short' });
  const deps = { register, today: () => day.format(clock.now()) };
  const tooMany = failure('E-VERIFY-0105');
  let files = 0;

  const guarded = (request: FastifyRequest, ask: () => Result<VerificationAnswer>): Result<VerificationAnswer> => {
    if (!guard.admit(request.ip)) return tooMany;
    const answer = ask();
    if (answer.ok && answer.value.state === 'unknown') guard.missed(request.ip);
    return answer;
  };

  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: DOCUMENT_BYTES_AT_MOST }, (_request, body, done) => {
    done(null, body);
  });
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    void reply.headers({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    done(null, payload);
  });
  server.setErrorHandler((error: Error & { readonly statusCode?: number }, request, reply) => {
    // Only a body that is too large gets this far; anything else is a bug, and the server's own handler tells of it.
    if (error.statusCode === 413) return answer(request, reply, failure('E-VERIFY-0102'));
    throw error;
  });

  server.get('/verify', (request, reply) => {
    const { code: typed = '', lang } = request.query as { code?: unknown; lang?: unknown } as {
      code?: string;
      lang?: string;
    };
    const language = languageOf(request, lang);
    const code = typeof typed === 'string' ? typed : '';
    const result = code === '' ? undefined : guarded(request, () => answerCode(code, deps));
    if (result && !result.ok) void reply.code(statusOf(result.error));
    return reply.type('text/html; charset=utf-8').send(
      pageHtml({
        language,
        issuer,
        typed: code,
        ...(result && {
          answer: result.ok ? answerHtml(result.value, language) : refusalHtml(result.error, language),
        }),
      }),
    );
  });
  server.get('/verify/file/:sha256', (request, reply) => {
    const { sha256 } = request.params as { sha256: string };
    const asked = (): Result<VerificationAnswer> => ({ ok: true, value: answerHash(sha256.toLowerCase(), deps) });
    return answer(request, reply, guarded(request, asked));
  });
  server.post(
    '/verify/file',
    {
      bodyLimit: DOCUMENT_BYTES_AT_MOST,
      // Before the body: whoever asks too much is not listened to.
      onRequest: (request, reply, done) => {
        if (files >= FILES_AT_ONCE || !guard.admit(request.ip)) {
          void answer(request, reply, tooMany);
          return;
        }
        files += 1;
        reply.raw.once('close', () => {
          files -= 1;
        });
        done();
      },
    },
    (request, reply) => {
      const pdf = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      return answer(request, reply, answerFile(pdf, { ...deps, roots: roots(), now: clock.now() }));
    },
  );
  for (const [name, type] of [
    ['verify.css', 'text/css; charset=utf-8'],
    ['verify.js', 'text/javascript; charset=utf-8'],
  ] as const) {
    const content = asset(name);
    server.get(`/verify/${name}`, (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=300').send(content),
    );
  }
}

function answer(request: FastifyRequest, reply: FastifyReply, result: Result<VerificationAnswer>): FastifyReply {
  if (!result.ok) void reply.code(statusOf(result.error));
  if (/\bapplication\/json\b/.test(request.headers.accept ?? '')) {
    return reply.send(result.ok ? result.value : { code: result.error.code });
  }
  const language = languageOf(request, undefined);
  const html = result.ok ? answerHtml(result.value, language) : refusalHtml(result.error, language);
  return reply.type('text/html; charset=utf-8').send(html);
}

/** As asked for, else the reader's own first choice of the two. */
function languageOf(request: FastifyRequest, asked: string | undefined): Language {
  if (asked === 'zh' || asked === 'en') return asked;
  return /^\s*en\b/i.test(request.headers['accept-language'] ?? '') ? 'en' : 'zh';
}

function statusOf({ code }: Failure): number {
  return { 'E-VERIFY-0102': 413, 'E-VERIFY-0105': 429 }[code as string] ?? 400;
}
