declare module 'escpos/commands.js' {
  const commands: {
    readonly DLE: string;
    readonly EOT: string;
    readonly ESC: string;
    readonly FS: string;
    readonly GS: string;
    readonly LF: string;
    readonly HARDWARE: { readonly HW_INIT: string };
  };
  export = commands;
}
