/** One colour for each outcome. Words and numbers stand beside it: a colour alone tells nothing. */

import { makeStyles, tokens } from "@fluentui/react-components";
import { useAppearance } from "../../ui/theme";

const usePlain = makeStyles({
    sent: { backgroundColor: tokens.colorStatusSuccessBackground3 },
    failed: { backgroundColor: tokens.colorStatusDangerBackground3 },
    unconfirmed: { backgroundColor: tokens.colorStatusWarningBackground3 },
    skipped: { backgroundColor: tokens.colorNeutralForeground3 },
    cancelled: { backgroundColor: tokens.colorNeutralForegroundDisabled },
    pending: { backgroundColor: tokens.colorNeutralStencil1 },
});

const [ink, ground] = [tokens.colorNeutralForeground1, tokens.colorNeutralBackground1];
const edge = { boxShadow: `inset 0 0 0 1px ${ink}` };

/** In high contrast all of these are white: what tells them apart there is how they are drawn. */
const useDrawn = makeStyles({
    sent: { backgroundColor: tokens.colorCompoundBrandStroke },
    failed: {
        ...edge,
        backgroundImage: `repeating-linear-gradient(45deg, ${ink} 0 3px, ${ground} 3px 6px)`,
    },
    unconfirmed: { backgroundColor: tokens.colorBrandForegroundLink },
    skipped: {
        ...edge,
        backgroundImage: `repeating-linear-gradient(0deg, ${ink} 0 2px, ${ground} 2px 4px)`,
    },
    cancelled: {
        ...edge,
        backgroundImage: `repeating-linear-gradient(90deg, ${ink} 0 1px, ${ground} 1px 4px)`,
    },
    pending: { ...edge, backgroundColor: ground },
});

export function useColours() {
    const [plain, drawn] = [usePlain(), useDrawn()];
    return useAppearance() === "contrast" ? drawn : plain;
}
