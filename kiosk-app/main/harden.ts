import { basename, join } from 'node:path';
import type { App, Menu, Session, WebContents } from 'electron';
import { isAllowedKey, isSavable, isScreen } from './policy.ts';

/**
 * Takes away what a page could ask of a browser: permissions, devices, downloads. The log that staff save goes to the folder
 * `downloads` without a dialog, which would show them all of the machine's files.
 */
export function hardenSession(
  session: Pick<
    Session,
    | 'setPermissionRequestHandler'
    | 'setPermissionCheckHandler'
    | 'setDevicePermissionHandler'
    | 'setDisplayMediaRequestHandler'
    | 'setSpellCheckerEnabled'
    | 'on'
  >,
  { downloads }: { readonly downloads: string },
): void {
  // All three: the request handler alone stops neither checks nor devices.
  session.setPermissionRequestHandler((_contents, _permission, answer) => {
    answer(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => {
    answer({});
  });
  session.setSpellCheckerEnabled(false);
  session.on('will-download', (event, item) => {
    if (isSavable(item.getURL())) item.setSavePath(join(downloads, basename(item.getFilename())));
    else event.preventDefault();
  });
}

/** Keeps a page where it is: no other address, no second window, no page within, no key that leads out. */
export function hardenContents(
  contents: Pick<WebContents, 'on' | 'setWindowOpenHandler' | 'setVisualZoomLevelLimits'>,
): void {
  contents.on('will-navigate', (event) => {
    if (!isScreen(event.url)) event.preventDefault();
  });
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame || !isScreen(event.url)) event.preventDefault();
  });
  contents.on('will-redirect', (event) => {
    event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => {
    event.preventDefault();
  });
  contents.on('before-input-event', (event, input) => {
    if (!isAllowedKey(input)) event.preventDefault();
  });
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  void contents.setVisualZoomLevelLimits(1, 1);
}

/** Every page that ever comes to be is held so, whoever made it. */
export function hardenApp(app: Pick<App, 'on' | 'enableSandbox'>, menu: Pick<typeof Menu, 'setApplicationMenu'>): void {
  app.enableSandbox();
  menu.setApplicationMenu(null);
  app.on('web-contents-created', (_event, contents) => {
    hardenContents(contents);
  });
}
