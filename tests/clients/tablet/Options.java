package tablet;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What this run of the tablet is to do, read from the command line.
 *
 * <p>{@code --work} is the tablet itself: forms, media, entity lists, instances, HTTP cache and device id. Run again
 * with the same folder for a second sync; two folders are two tablets.
 */
final class Options {
    String baseUrl;
    Path work = Path.of("work");
    String user = "";
    String password = "";
    boolean basicOverHttp;
    boolean httpCache = true;

    String deviceId;
    String metadataUser;
    String email;
    String phone;

    final Set<String> forms = new LinkedHashSet<>();
    int n = 1;
    long seed = System.nanoTime();
    Path answers;
    double skip = 0.2;
    int maxRepeats = 3;
    int mediaBytes = 20_000;

    boolean fill = true;
    boolean send = true;
    boolean onlyPending;
    int edits;
    boolean resend;
    boolean editFirst;
    boolean loseResponse;

    static Options parse(String[] arguments) {
        Options options = new Options();
        for (int i = 0; i < arguments.length; i++) {
            if (options.isSwitch(arguments[i])) continue;
            if (i + 1 == arguments.length) throw new IllegalArgumentException("unknown option " + arguments[i]);
            options.set(arguments[i], arguments[++i]);
        }
        if (options.baseUrl == null) throw new IllegalArgumentException("--base-url is needed");
        return options;
    }

    /** Does the choice of forms (none named: all of them) include this one? */
    boolean wants(String formId) {
        return forms.isEmpty() || forms.contains(formId);
    }

    private boolean isSwitch(String name) {
        switch (name) {
            case "--no-send" -> send = false;
            case "--no-fill" -> fill = false;
            case "--resend" -> resend = true;
            case "--edit-first" -> editFirst = true;
            case "--lose-response" -> loseResponse = true;
            case "--basic-over-http" -> basicOverHttp = true;
            case "--no-http-cache" -> httpCache = false;
            case "--only-pending" -> {
                onlyPending = true;
                fill = false;
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void set(String name, String value) {
        switch (name) {
            case "--base-url" -> baseUrl = value;
            case "--work" -> work = Path.of(value);
            case "--user" -> user = value;
            case "--password" -> password = value;
            case "--device-id" -> deviceId = value;
            case "--metadata-username" -> metadataUser = value;
            case "--email" -> email = value;
            case "--phone" -> phone = value;
            case "--answers" -> answers = Path.of(value);
            case "--forms" -> forms.addAll(Arrays.asList(value.split(",")));
            case "--n" -> n = Integer.parseInt(value);
            case "--seed" -> seed = Long.parseLong(value);
            case "--skip" -> skip = Double.parseDouble(value);
            case "--max-repeats" -> maxRepeats = Integer.parseInt(value);
            case "--media-bytes" -> mediaBytes = Integer.parseInt(value);
            case "--edits" -> edits = Integer.parseInt(value);
            default -> throw new IllegalArgumentException("unknown option " + name);
        }
    }
}
