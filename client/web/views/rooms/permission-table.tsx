import type { RoomAction, RoomDefaults } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';

export type Permissions = RoomDefaults['permissions'];

const ROLES = ['moderator', 'speaker', 'viewer'] as const;

/** What each role may do in a room: a check box for each. */
export function PermissionTable({
  permissions,
  defaults,
  onChange,
}: {
  permissions: Permissions;
  defaults: Permissions;
  onChange(changed: Permissions): void;
}) {
  const { rooms: words } = strings.value;
  const actions = Object.keys(words.actions) as RoomAction[];
  const toggle = (role: (typeof ROLES)[number], action: RoomAction) => {
    const before = permissions[role];
    const after = before.includes(action) ? before.filter((each) => each !== action) : [...before, action];
    onChange({ ...permissions, [role]: after });
  };
  const isDefault = ROLES.every((role) => sameActions(permissions[role], defaults[role]));
  return (
    <>
      <p class="hint">{words.permissionsHint}</p>
      <table class="permissions" data-testid="permissions">
        <thead>
          <tr>
            <td />
            {ROLES.map((role) => (
              <th key={role} scope="col">
                <span>{words.role[role]}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {actions.map((action) => (
            <tr key={action}>
              <th scope="row">{words.actions[action]}</th>
              {ROLES.map((role) => (
                <td key={role}>
                  <label>
                    <input
                      type="checkbox"
                      data-testid={`may-${role}-${action}`}
                      aria-label={`${words.role[role]}: ${words.actions[action]}`}
                      checked={permissions[role].includes(action)}
                      onChange={() => toggle(role, action)}
                    />
                  </label>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {!isDefault && (
        <button
          type="button"
          class="quiet"
          data-testid="reset-permissions"
          onClick={() => onChange(defaults)}
        >
          {words.resetPermissions}
        </button>
      )}
    </>
  );
}

export function sameActions(some: readonly RoomAction[], others: readonly RoomAction[]): boolean {
  return some.length === others.length && some.every((action) => others.includes(action));
}
