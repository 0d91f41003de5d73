package tablet;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.javarosa.core.model.Constants;
import org.javarosa.form.api.FormEntryPrompt;

/**
 * Makes texts and numbers that a constraint may accept, guessed from the literals and patterns in it.
 *
 * <p>The words are chosen to hurt: three scripts, markup, quotes, four-byte characters, line breaks (C14).
 */
final class RandomText {
    private static final String[] PLAIN = {"Layla", "Ahmed", "حسن", "ئاری", "Zainab", "Al-Jubouri",
        "The street light near the school is broken",
        "شكاوى من ضوضاء المولدات في الحي", "Young men race cars past the market at night"};
    private static final String[] AWKWARD = {"maize", "beans", "Río Verde", "Ngưyễn", "well & pump", "<b>",
        "it's \"fine\"", "北京", "water point",
        "farmer", "emoji 🌽", "a  b", "O'Neil", "line\nbreak"};
    /** The second argument of regex(); the first may be a call itself, such as translate(., '٠١٢', '012'). */
    private static final Pattern REGEX =
        Pattern.compile("regex\\((?:[^(),]|\\([^()]*\\))+,\\s*(?:'([^']*)'|\"([^\"]*)\")\\s*\\)");
    private static final Pattern LITERAL = Pattern.compile("'([^']*)'|\"([^\"]*)\"");
    private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?");

    private final Random random;

    RandomText(Random random) {
        this.random = random;
    }

    double number(String constraint, int attempt) {
        List<Double> literals = numbers(constraint);
        if (literals.isEmpty() || attempt % 4 == 3)
            return random.nextInt(span(attempt)) - (attempt % 8 == 7 ? 50 : 0);
        if (literals.size() > 1 && attempt % 4 != 2) {
            double low = Collections.min(literals), high = Collections.max(literals);
            return Math.floor(low + random.nextDouble() * (high - low + 1));
        }
        return pick(literals) + random.nextInt(3) - 1;
    }

    private static int span(int attempt) {
        return attempt < 100 ? 100 : attempt < 200 ? 10_000 : 1_000_000;
    }

    String make(FormEntryPrompt prompt, String constraint, int attempt) {
        String appearance = prompt.getAppearanceHint();
        if (appearance != null && appearance.contains("numbers") && constraint == null)
            return String.valueOf(random.nextInt(100_000));
        if (prompt.getDataType() == Constants.DATATYPE_BARCODE) return "BC" + (100_000 + random.nextInt(900_000));
        String guess = constraint == null ? null : guess(constraint, attempt);
        if (guess != null) return guess;
        return pick(List.of(AWKWARD)) + (random.nextBoolean() ? " " + random.nextInt(1000) : "");
    }

    private String guess(String constraint, int attempt) {
        if (attempt % 2 == 1 && attempt < 60) return pick(List.of(PLAIN));
        String matching = matching(constraint);
        if (matching != null) return matching;
        if (attempt % 3 == 0) {
            String sized = ofLength(constraint, attempt);
            if (!sized.isEmpty()) return sized;
        }
        List<String> literals = attempt % 3 == 1 ? groups(LITERAL, constraint) : List.of();
        if (!literals.isEmpty()) return pick(literals);
        if (attempt % 7 == 2) return "person" + random.nextInt(1000) + "@example.org";
        if (attempt % 5 == 2) return String.valueOf(random.nextInt(1_000_000));
        return null;
    }

    private String matching(String constraint) {
        List<String> patterns = groups(REGEX, constraint);
        if (patterns.isEmpty()) return null;
        try {
            return new RegexMaker(pick(patterns), random).make();
        } catch (RuntimeException e) {
            return null; // beyond the subset: the general guesses may do
        }
    }

    private String ofLength(String constraint, int attempt) {
        List<Double> lengths = numbers(constraint);
        double wanted = lengths.isEmpty() ? random.nextInt(20) : pick(lengths) + random.nextInt(3) - 1;
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < (int) Math.min(200, wanted); i++)
            text.append(attempt % 2 == 0 ? (char) ('a' + random.nextInt(26)) : (char) ('0' + random.nextInt(10)));
        return text.toString();
    }

    private <T> T pick(List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    private static List<Double> numbers(String constraint) {
        List<Double> numbers = new ArrayList<>();
        if (constraint == null) return numbers;
        Matcher number = NUMBER.matcher(constraint);
        while (number.find()) numbers.add(Double.parseDouble(number.group()));
        return numbers;
    }

    /** What stands between the quotes, single or double, at each hit. */
    private static List<String> groups(Pattern pattern, String text) {
        List<String> found = new ArrayList<>();
        Matcher hit = pattern.matcher(text);
        while (hit.find()) found.add(hit.group(1) != null ? hit.group(1) : hit.group(2));
        return found;
    }
}
