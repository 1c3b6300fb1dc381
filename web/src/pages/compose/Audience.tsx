export function Audience() {
    return null;
}
