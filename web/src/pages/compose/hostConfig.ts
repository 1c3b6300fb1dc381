/**
 * How Teams draws cards, for the official renderer. Sizes are those that Microsoft publishes with its samples of host
 * configurations; colours are those of Teams' own themes.
 */

import { type Appearance, THEMES } from "../../ui/theme";

export function hostConfig(appearance: Appearance) {
    const theme = THEMES[appearance];
    const plain = { default: theme.colorNeutralForeground1, subtle: theme.colorNeutralForeground2 };
    const accent = { default: theme.colorBrandForegroundLink, subtle: theme.colorBrandForegroundLink };
    const foregroundColors = {
        default: plain,
        dark: plain,
        light: plain,
        accent,
        good: plain,
        warning: plain,
        attention: plain,
    };
    const style = (backgroundColor: string) => ({ backgroundColor, foregroundColors });
    const font = {
        fontFamily: theme.fontFamilyBase,
        fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
        fontWeights: { lighter: 400, default: 400, bolder: 600 },
    };
    return {
        supportsInteractivity: true,
        spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
        separator: { lineThickness: 1, lineColor: theme.colorNeutralStroke2 },
        imageSizes: { small: 32, medium: 52, large: 100 },
        fontTypes: { default: font, monospace: font },
        containerStyles: {
            default: style(theme.colorNeutralBackground1),
            emphasis: style(theme.colorNeutralBackground2),
        },
        actions: {
            maxActions: 6,
            spacing: "default",
            buttonSpacing: 8,
            actionsOrientation: "horizontal",
            actionAlignment: "left",
        },
        adaptiveCard: { allowCustomStyle: false },
    };
}
