/** The little of telnet (RFC 854) that a console needs: commands are taken out of what a client sends. */

const IAC = 255;
const SB = 250;
const SE = 240;
const WILL = 251;
const DO = 253;
const DONT = 254;
const BINARY = 0;
const ECHO = 1;
const SUPPRESS_GO_AHEAD = 3;

/** We echo, character by character, eight bits wide (RFC 857, 858, 856). */
export const TELNET_GREETING = Uint8Array.of(
  ...[IAC, WILL, ECHO, IAC, WILL, SUPPRESS_GO_AHEAD],
  ...[IAC, WILL, BINARY, IAC, DO, BINARY],
);

/** Takes IAC commands out, wherever the stream is cut; a doubled IAC is the byte itself. */
export class TelnetFilter {
  private state: 'data' | 'command' | 'option' | 'negotiation' | 'negotiation command' = 'data';

  filter(bytes: Uint8Array): Uint8Array {
    const out: number[] = [];
    for (const byte of bytes) this.take(byte, out);
    return Uint8Array.from(out);
  }

  private take(byte: number, out: number[]): void {
    switch (this.state) {
      case 'data':
        if (byte === IAC) this.state = 'command';
        else out.push(byte);
        break;
      case 'command':
        if (byte === IAC) out.push(byte);
        this.state = byte === SB ? 'negotiation' : byte >= WILL && byte <= DONT ? 'option' : 'data';
        break;
      case 'option':
        this.state = 'data';
        break;
      case 'negotiation':
        if (byte === IAC) this.state = 'negotiation command';
        break;
      case 'negotiation command':
        this.state = byte === SE ? 'data' : 'negotiation';
    }
  }
}
