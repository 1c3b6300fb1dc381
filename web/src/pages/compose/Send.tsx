export function Send() {
    return null;
}
