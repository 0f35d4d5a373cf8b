import { type Result, failure } from '@hallhub/sync/base';
import { loadTemplates } from '../templates/index.ts';
import { drawCertificate } from './draw.ts';
import { loadFonts } from './fonts.ts';
import { inspectReady } from './inspect.ts';
import { overprint } from './overprint.ts';
import type { WorkerAnswer, WorkerRequest, WorkerSetup } from './protocol.ts';

/*
 * The PDF process: fonts are large, and a broken ready-made PDF may take any parser down, so neither lives in the hub.
 * It answers one request after the other and ends when the hub does.
 */

const setup = JSON.parse(process.argv[2] ?? '') as WorkerSetup;
const templates = loadTemplates(setup.templates, Object.keys(setup.fonts.families));
const fonts = loadFonts(setup.fonts);

type Made = Result<{ readonly pages: number; readonly pdf?: Uint8Array }>;

async function render({ input, at }: Extract<WorkerRequest, { type: 'render' }>): Promise<Made> {
  const template = templates.get(input.template, input.version);
  if (!template) return failure('E-CERT-0201', input.template);
  return fonts.ok ? drawCertificate(template, input, fonts.value, new Date(at)) : fonts;
}

function work(request: WorkerRequest): Promise<Made> {
  switch (request.type) {
    case 'render':
      return render(request);
    case 'inspect':
      return inspectReady(request.pdf);
    case 'overprint':
      return fonts.ok ? overprint(request.pdf, request.run, fonts.value) : Promise.resolve(fonts);
  }
}

function answer(id: number, made: Made): void {
  const rssBytes = process.memoryUsage.rss();
  const message: WorkerAnswer = made.ok
    ? { id, ok: true, ...made.value, rssBytes }
    : { id, ok: false, error: made.error, rssBytes };
  process.send?.(message);
}

process.on('message', (request: WorkerRequest) => {
  // A bug ends this process, and the hub starts another: nothing to clean up here.
  void work(request).then((made) => {
    answer(request.id, made);
  });
});
process.on('disconnect', () => process.exit(0));
