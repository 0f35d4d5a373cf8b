import type { Code, Failure } from '../../base/index.ts';
import { iso } from '../../base/index.ts';
import type { PaperView, SignatureView, VerificationAnswer } from '../answers.ts';
import { verificationCodes } from '../codes.ts';
import { type Language, scriptTexts, states, texts, verdicts } from './texts.ts';

/* The page as text: it works where scripts do not, and is one file for whoever serves it. */

export interface PageInput {
  readonly language: Language;
  /** Who issues, above everything. */
  readonly issuer: { readonly zh: string; readonly en: string };
  /** What was typed, shown again. */
  readonly typed?: string;
  /** The answer's HTML, of {@link answerHtml} or {@link refusalHtml}. */
  readonly answer?: string;
}

export function pageHtml({ language, issuer, typed = '', answer = '' }: PageInput): string {
  const say = (name: keyof typeof texts): string => escape(texts[name][language]);
  const other = language === 'zh' ? 'en' : 'zh';
  const again = new URLSearchParams({ lang: other, ...(typed === '' ? {} : { code: typed }) });
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<title>${say('title')} · ${escape(issuer[language])}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/verify/verify.css">
<script src="/verify/verify.js" defer></script>
</head>
<body data-language="${language}" data-texts="${escape(JSON.stringify(scriptTexts(language)))}">
<header>
<p>${escape(issuer[language])}</p>
<a href="/verify?${escape(again.toString())}" lang="${other === 'zh' ? 'zh-CN' : 'en'}">${say('other')}</a>
</header>
<main>
<h1>${say('title')}</h1>
<p class="lead">${say('lead')}</p>
<div id="answer" role="status" aria-live="polite">${answer}</div>
<form class="card" action="/verify" method="get">
<label for="code">${say('code')}</label>
<div class="row">
<input id="code" name="code" value="${escape(typed)}" maxlength="200" required autocomplete="off" autocapitalize="characters" spellcheck="false" aria-describedby="code-hint" placeholder="XXXX-XXXX-XXXX-XXXX">
<input type="hidden" name="lang" value="${language}">
<button>${say('check')}</button>
</div>
<p id="code-hint" class="soft">${say('codeHint')}</p>
</form>
<section class="card" id="file-part" hidden>
<label for="file">${say('file')}</label>
<div id="drop"><input id="file" type="file" accept="application/pdf,.pdf" aria-describedby="file-hint"><span>${say('drop')}</span></div>
<p id="file-hint" class="soft">${say('fileHint')} ${say('notKept')}</p>
</section>
</main>
</body>
</html>
`;
}

export function answerHtml(answer: VerificationAnswer, language: Language): string {
  const { title, text } = states[answer.state];
  const more =
    'paper' in answer
      ? paperHtml(answer.paper, language)
      : answer.state === 'unknown' && answer.signature
        ? signatureHtml(answer.signature, language)
        : '';
  return `<section class="card answer ${answer.state}" data-state="${answer.state}">
<h2>${escape(title[language])}</h2>
<p>${escape(text[language])}</p>
${more}</section>`;
}

export function refusalHtml({ code }: Failure, language: Language): string {
  const known: Readonly<Partial<Record<Code, { readonly zh: string; readonly en: string }>>> = verificationCodes;
  return `<section class="card answer refused" data-state="refused" data-code="${escape(code)}">
<h2>${escape(known[code]?.[language] ?? code)}</h2>
<p class="soft">${escape(code)}</p>
</section>`;
}

function paperHtml(paper: PaperView, language: Language): string {
  const rows: readonly (readonly [keyof typeof texts, string | undefined])[] = [
    ['paper', paper.title[language]],
    ['number', paper.number],
    ['holder', paper.holder],
    ['issuer', paper.issuer[language]],
    ['issuedOn', paper.issuedOn],
    ['validUntil', paper.validUntil],
  ];
  return `${listHtml(rows, language)}<p class="soft">${escape(texts.compare[language])}</p>\n`;
}

function signatureHtml({ verdict, signer, stampedAt }: SignatureView, language: Language): string {
  const rows = [
    ['signer', signer],
    ['stampedAt', stampedAt === undefined ? undefined : iso(stampedAt)],
  ] as const;
  return `<p>${escape(verdicts[verdict][language])}</p>\n${listHtml(rows, language)}`;
}

function listHtml(rows: readonly (readonly [keyof typeof texts, string | undefined])[], language: Language): string {
  const shown = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`<div><dt>${escape(texts[name][language])}</dt><dd>${escape(value)}</dd></div>\n`],
  );
  return shown.length === 0 ? '' : `<dl>\n${shown.join('')}</dl>\n`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
