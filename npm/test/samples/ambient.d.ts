/** What the documentation's samples use without declaring it: the reader's own, and packages that are not installed here. */
declare const file: File;
declare const signal: AbortSignal;
declare const endpoint: string;
declare const windlass: import("windlass").Windlass;
declare const auth0: { getTokenSilently(options: object): Promise<string> };
declare const keycloak: { updateToken(seconds: number): Promise<boolean>; token: string };
declare const requireLogin: unknown;
declare const uppy: any;
declare const AwsS3: unknown;
declare function show(...facts: unknown[]): void;
declare function fetchToken(): Promise<string>;
declare function authorize(endpoint: string, token: () => string | Promise<string>): void;
declare function work(picture: Uint8Array): Promise<void>;

declare module "express";
declare module "jose";
declare module "aws-amplify/auth";
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {}
  }
}
