import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { roomsOnDisk, rowOf, type Rooms } from './imports';

const rooms = JSON.parse(readFileSync('rooms.json', 'utf8')) as Rooms;

/** What is wrong with a room's page: it is ten lines long, says the room's arrows as rooms.json has them, and names files that are there. */
function faults(room: string, allowed: readonly string[], text: string | undefined): string[] {
  if (text === undefined) return [`${room}/README.md is not there`];
  const lines = text.trimEnd().split('\n');
  const arrows = `- May import: ${allowed.map((other) => `\`${other}\``).join(', ') || 'no other room'}.`;
  const named = [...text.matchAll(/`([^`\s]+\.[a-z]+|[^`\s]+\/)`/g)].map(([, path]) => path!).filter((path) => !/[<>*]/.test(path) && !path.startsWith('dist/'));
  return [
    ...(lines[0] === `# ${room}` ? [] : [`${room}/README.md begins with "${lines[0]}", not "# ${room}"`]),
    ...(lines.length <= 10 ? [] : [`${room}/README.md has ${lines.length} lines; 10 are enough to say what a room is, what it may import and where to start`]),
    ...(lines.includes(arrows) ? [] : [`${room}/README.md lacks the line "${arrows}"`]),
    ...named.filter((path) => !existsSync(join(room, path)) && !existsSync(path)).map((path) => `${room}/README.md names ${path}, which is not there`),
  ];
}

const pageOf = (room: string): string | undefined => (existsSync(`${room}/README.md`) ? readFileSync(`${room}/README.md`, 'utf8') : undefined);

describe('every room', () => {
  it('has a page that says what it is, what it may import and where to start', () => {
    expect(roomsOnDisk(rooms).flatMap((room) => faults(room, rowOf(room, rooms), pageOf(room)))).toEqual([]);
  });

  it('control: a page that is not there, too long, of other arrows, or of files that are gone is seen', () => {
    const [room, allowed] = Object.entries(rooms)[1]!;
    const text = pageOf(room)!;
    expect(faults(room, allowed, undefined)).toHaveLength(1);
    expect(faults(room, allowed, `${text}${'- more\n'.repeat(8)}`)[0]).toContain('10 are enough');
    expect(faults(room, [...allowed, 'infra'], text)[0]).toContain('lacks the line');
    expect(faults(room, allowed, text.replace('user-error.ts', 'gone.ts'))).toEqual([`${room}/README.md names gone.ts, which is not there`]);
  });
});
