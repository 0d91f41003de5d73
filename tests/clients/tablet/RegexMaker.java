package tablet;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Makes a text that matches a regular expression, for the subset found in constraints; throws on anything beyond. */
final class RegexMaker {
    private static final int MANY = 6;

    private final String regex;
    private final Random random;
    private int at;

    RegexMaker(String regex, Random random) {
        this.regex = regex.replaceAll("^\\^", "").replaceAll("(?<!\\\\)\\$$", "");
        this.random = random;
    }

    String make() {
        String text = alternatives();
        if (!isAtEnd()) throw new IllegalArgumentException("regex " + regex);
        return text;
    }

    private String alternatives() {
        List<String> texts = new ArrayList<>();
        texts.add(sequence());
        while (!isAtEnd() && peek() == '|') {
            at++;
            texts.add(sequence());
        }
        return texts.get(random.nextInt(texts.size()));
    }

    private String sequence() {
        StringBuilder text = new StringBuilder();
        while (!isAtEnd() && peek() != '|' && peek() != ')') {
            int start = at;
            String first = atom();
            int[] times = quantifier();
            int count = times[0] + (times[1] > times[0] ? random.nextInt(times[1] - times[0] + 1) : 0), after = at;
            for (int i = 0; i < count; i++) {
                at = start;
                text.append(i == 0 ? first : atom());
            }
            at = after;
        }
        return text.toString();
    }

    /** Read ?, *, + or {n,m} if there is one, and a lazy or possessive mark after it: least and most. */
    private int[] quantifier() {
        int[] times = {1, 1};
        if (isAtEnd()) return times;
        switch (peek()) {
            case '?' -> times[0] = 0;
            case '*' -> times = new int[] {0, MANY};
            case '+' -> times[1] = MANY;
            case '{' -> times = braces();
            default -> {
                return times;
            }
        }
        at++;
        if (!isAtEnd() && (peek() == '?' || peek() == '+')) at++;
        return times;
    }

    private int[] braces() {
        int close = regex.indexOf('}', at);
        String[] bounds = regex.substring(at + 1, close).split(",", -1);
        at = close;
        int least = Integer.parseInt(bounds[0].trim());
        if (bounds.length == 1) return new int[] {least, least};
        return new int[] {least, bounds[1].isBlank() ? least + MANY - 1 : Integer.parseInt(bounds[1].trim())};
    }

    private String atom() {
        char c = regex.charAt(at++);
        return switch (c) {
            case '(' -> group();
            case '[' -> oneOf(set());
            case '\\' -> escape(regex.charAt(at++));
            case '.' -> String.valueOf((char) ('a' + random.nextInt(26)));
            case '^', '$' -> "";
            default -> String.valueOf(c);
        };
    }

    private String group() {
        if (regex.startsWith("?:", at)) at += 2;
        else if (regex.startsWith("?", at)) throw new IllegalArgumentException("lookaround");
        String text = alternatives();
        at++;
        return text;
    }

    private String escape(char c) {
        return switch (c) {
            case 'd' -> String.valueOf(random.nextInt(10));
            case 'w' -> oneOf("abcdefXYZ0189_");
            case 's' -> " ";
            case 'b' -> "";
            default -> String.valueOf(c);
        };
    }

    private String set() {
        boolean isNegated = peek() == '^';
        if (isNegated) at++;
        StringBuilder members = new StringBuilder();
        for (boolean isFirst = true; peek() != ']' || isFirst; isFirst = false) members.append(member());
        at++;
        return isNegated ? printableWithout(members) : members.toString();
    }

    private String member() {
        char c = regex.charAt(at++);
        if (c == '\\') return members(regex.charAt(at++));
        boolean isRange = at + 1 < regex.length() && peek() == '-' && regex.charAt(at + 1) != ']';
        if (!isRange) return String.valueOf(c);
        StringBuilder range = new StringBuilder();
        for (char x = c; x <= regex.charAt(at + 1); x++) range.append(x);
        at += 2;
        return range.toString();
    }

    private static String members(char escaped) {
        return switch (escaped) {
            case 'd' -> "0123456789";
            case 'w' -> "abcXYZ019_";
            case 's' -> " ";
            default -> String.valueOf(escaped);
        };
    }

    private static String printableWithout(CharSequence members) {
        StringBuilder rest = new StringBuilder();
        for (char c = ' '; c < 127; c++) if (members.toString().indexOf(c) < 0) rest.append(c);
        return rest.toString();
    }

    private String oneOf(String characters) {
        return String.valueOf(characters.charAt(random.nextInt(characters.length())));
    }

    private char peek() {
        return regex.charAt(at);
    }

    private boolean isAtEnd() {
        return at >= regex.length();
    }
}
