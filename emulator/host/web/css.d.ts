/** Style sheets are bundled as text (tools/build.mjs). */
declare module '*.css' {
  const text: string;
  export = text;
}
