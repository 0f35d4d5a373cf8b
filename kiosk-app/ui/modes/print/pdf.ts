import type { PDFDocumentLoadingTask, PDFDocumentProxy, RenderTask } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { GlobalWorkerOptions, getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import PdfWorker from 'pdfjs-dist/legacy/build/pdf.worker.mjs?worker';

/** A document whose pages are drawn, and of which nothing else can be had. */
export interface DrawnDocument {
  readonly pages: number;
  /** Draws one page (from 1) so many device pixels wide; an earlier drawing that is under way is given up. */
  draw(page: number, canvas: HTMLCanvasElement, width: number): Promise<void>;
  /** Lets go of everything, whether it was opened or not. */
  close(): void;
}

let worker: Worker | undefined;

/** Reads a PDF from the kiosk's server. Rejects where it cannot be had or is none. */
export async function openDocument(url: string): Promise<DrawnDocument> {
  worker ??= new PdfWorker();
  GlobalWorkerOptions.workerPort = worker;
  const response = await fetch(url, { cache: 'no-store' });
  if (!response.ok) throw new Error(`no document: ${response.status}`);
  const loading: PDFDocumentLoadingTask = getDocument({
    data: new Uint8Array(await response.arrayBuffer()),
    // The page's policy allows neither eval nor WebAssembly from strings; certificates need neither.
    useWasm: false,
    enableXfa: false,
  });
  const document: PDFDocumentProxy = await loading.promise;
  let drawing: RenderTask | undefined;
  return {
    pages: document.numPages,
    draw: async (number, canvas, width) => {
      drawing?.cancel();
      const page = await document.getPage(number);
      const scale = width / page.getViewport({ scale: 1 }).width;
      const viewport = page.getViewport({ scale });
      canvas.width = Math.floor(viewport.width);
      canvas.height = Math.floor(viewport.height);
      drawing = page.render({ canvas, viewport });
      await drawing.promise;
    },
    close: () => void loading.destroy(),
  };
}
