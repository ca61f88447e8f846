// Simulation models of ECP5 cells, written for Spikeloom. They are the project's own: yosys has
// these cells as black boxes only, and the vendor's models are not used.
//
// They follow what yosys' techmap (techlibs/lattice) produces and nextpnr's packer (ecp5/pack.cc)
// expects. Lattice describes the cells in FPGA-TN-02204 (ECP5 and ECP5-5G Memory Usage Guide) and
// FPGA-TN-02205 (sysDSP Usage Guide).
//
// Only the modes that yosys produces for this project's gateware are there. Any other parameter or
// use ends the build, or the simulation, with a message that names the cell. Where nothing is
// promised, the model returns wrong data on purpose: see `disturbed`.

`define REQUIRE(condition, text) generate if (!(condition)) $fatal(1, text); endgenerate
`define NEVER(clock, condition, text) always @(posedge clock) if (condition) $fatal(1, text);

// What a block RAM holds at first, under either of its names; DP16KD says how bits lie in it.
`define INITIAL_CONTENTS \
    parameter [319:0] \
        INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, \
        INITVAL_04 = 0, INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0, \
        INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0, \
        INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0, \
        INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0, \
        INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0, \
        INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0, \
        INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0, \
        INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0, \
        INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0, \
        INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0, \
        INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0, \
        INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, \
        INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0, INITVAL_37 = 0, \
        INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0, \
        INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0;

// 18 kb block RAM. Port widths 1, 2, 4, 9 and 18; with DATA_WIDTH_A = 36 pseudo dual port: A writes
// 36 bits, B reads 36 or fewer. There 36 bits enter at DIA (low half) and DIB, and leave at DOA
// (low half) and DOB, fewer at DOB. Byte enables are ADA0.. for ports of 18 and 36 bits. Registered
// reads, no output register, no reset, chip selects at 0, rising clock edges.
module DP16KD (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
        DIA4, DIA3, DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
        DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
        DOA4, DOA3, DOA2, DOA1, DOA0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
        DOB4, DOB3, DOB2, DOB1, DOB0
);
    parameter integer DATA_WIDTH_A = 18;
    parameter integer DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG";
    parameter REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_A = "0b000";
    parameter CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL";
    parameter WRITEMODE_B = "NORMAL";
    parameter CLKAMUX = "CLKA";
    parameter CLKBMUX = "CLKB";
    parameter GSR = "ENABLED";
    parameter INIT_DATA = "STATIC";
    `INITIAL_CONTENTS

    localparam integer ROW_BITS = 36;
    localparam integer HALF_BITS = 18;
    localparam integer ROWS = 512;
    localparam PSEUDO = DATA_WIDTH_A == ROW_BITS;
    // Words of 18 bits stand in slots of 20, sixteen to a parameter.
    localparam integer SLOT_BITS = 20;
    localparam [64*320-1:0] INITIAL = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39,
            INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32,
            INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B,
            INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
            INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D,
            INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16,
            INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F,
            INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
            INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
            INITVAL_00
    };

    `REQUIRE(REGMODE_A == "NOREG" && REGMODE_B == "NOREG", "DP16KD has no output register here")
    `REQUIRE(CSDECODE_A == "0b000" && CSDECODE_B == "0b000", "DP16KD must decode chip select 0")
    `REQUIRE(CLKAMUX == "CLKA" && CLKBMUX == "CLKB", "DP16KD must use rising clock edges")
    `REQUIRE(INIT_DATA == "STATIC", "DP16KD must have static initial contents")
    `REQUIRE(GSR == "DISABLED" || GSR == "AUTO", "DP16KD must ignore the global reset")
    `REQUIRE(PSEUDO || is_width(DATA_WIDTH_A), "DP16KD has no such width of port A")
    `REQUIRE((PSEUDO && DATA_WIDTH_B == ROW_BITS) || is_width(DATA_WIDTH_B),
             "DP16KD has no such width of port B")
    `REQUIRE(is_writemode(WRITEMODE_A) && is_writemode(WRITEMODE_B), "DP16KD has no such WRITEMODE")
    `NEVER(CLKA, CEA && (RSTA || CSA2 || CSA1 || CSA0), "DP16KD: RSTA and CSA must stay 0")
    `NEVER(CLKB, CEB && (RSTB || CSB2 || CSB1 || CSB0), "DP16KD: RSTB and CSB must stay 0")
    `NEVER(CLKA, PSEUDO && !WEA, "DP16KD: WEA must stay 1 where port A has 36 bits")
    `NEVER(CLKB, PSEUDO && WEB, "DP16KD: WEB must stay 0 where port A has 36 bits")

    function is_width(input integer width);
        is_width = width == 1 || width == 2 || width == 4 || width == 9 || width == 18;
    endfunction

    function is_writemode(input [8*16-1:0] mode);
        is_writemode = mode == "NORMAL" || mode == "WRITETHROUGH" || mode == "READBEFOREWRITE";
    endfunction

    // Where a word begins within its row. Widths below 9 leave the ninth bit of a byte alone.
    function [5:0] position(input integer width, input [13:0] address);
        case (width)
            36: position = 0;
            18: position = address[4] ? 18 : 0;
            9: position = 9 * address[4:3];
            4: position = 9 * address[4:3] + 4 * address[2];
            2: position = 9 * address[4:3] + 2 * address[2:1];
            default: position = 9 * address[4:3] + address[2:0];
        endcase
    endfunction

    function [35:0] ones(input integer width);
        ones = 36'hFFFFFFFFF >> (ROW_BITS - width);
    endfunction

    // Bits of a row that a write changes.
    function [35:0] written(input integer width, input [13:0] address);
        case (width)
            36: written = {{9{address[3]}}, {9{address[2]}}, {9{address[1]}}, {9{address[0]}}};
            18: written = {{9{address[1]}}, {9{address[0]}}} << position(18, address);
            default: written = ones(width) << position(width, address);
        endcase
    endfunction

    wire [13:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3,
        ADA2, ADA1, ADA0};
    wire [17:0] in_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7,
        DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [13:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3,
        ADB2, ADB1, ADB0};
    wire [17:0] in_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7,
        DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};

    reg [35:0] mem [0:ROWS-1];
    integer word;
    initial
        for (word = 0; word < 2 * ROWS; word = word + 1)
            mem[word / 2][HALF_BITS * (word % 2) +: HALF_BITS] =
                INITIAL[SLOT_BITS * word +: HALF_BITS];

    wire [8:0] row_a = address_a[13:5];
    wire [8:0] row_b = address_b[13:5];
    wire [35:0] mask_a = CEA && WEA ? written(DATA_WIDTH_A, address_a) : 0;
    wire [35:0] mask_b = CEB && WEB ? written(DATA_WIDTH_B, address_b) : 0;
    wire [35:0] data_a = PSEUDO ? {in_b, in_a}
        : {18'b0, in_a} << position(DATA_WIDTH_A, address_a);
    wire [35:0] data_b = {18'b0, in_b} << position(DATA_WIDTH_B, address_b);
    wire same_row = row_a == row_b;

    `NEVER(CLKA, same_row && mask_a != 0 && mask_b != 0, "DP16KD: both ports write one row")

    // A port that reads what the other one writes gets undefined data. Here all such bits are
    // wrong: now the inverse of what was there, now the inverse of what comes.
    reg flip = 0;
    wire [35:0] disturbed_a = same_row ? mask_b : 0;
    wire [35:0] disturbed_b = same_row ? mask_a : 0;
    wire [35:0] old_a = mem[row_a];
    wire [35:0] old_b = mem[row_b];
    wire [35:0] seen_a = (old_a & ~disturbed_a) | (~(flip ? old_a : data_b) & disturbed_a);
    wire [35:0] seen_b = (old_b & ~disturbed_b) | (~(flip ? old_b : data_a) & disturbed_b);
    always @(posedge CLKB) if ((disturbed_a | disturbed_b) != 0) flip <= ~flip;

    reg [35:0] out_a = 0;
    reg [35:0] out_b = 0;
    always @(posedge CLKA) begin
        if (mask_a != 0) mem[row_a] <= (old_a & ~mask_a) | (data_a & mask_a);
        if (CEA && !PSEUDO) begin
            if (!WEA || WRITEMODE_A == "READBEFOREWRITE")
                out_a <= seen_a >> position(DATA_WIDTH_A, address_a);
            else if (WRITEMODE_A == "WRITETHROUGH")
                out_a <= ((seen_a & ~mask_a) | (data_a & mask_a))
                    >> position(DATA_WIDTH_A, address_a);
        end
    end
    always @(posedge CLKB) begin
        if (mask_b != 0) mem[row_b] <= (old_b & ~mask_b) | (data_b & mask_b);
        if (CEB) begin
            if (!WEB || WRITEMODE_B == "READBEFOREWRITE")
                out_b <= seen_b >> position(DATA_WIDTH_B, address_b);
            else if (WRITEMODE_B == "WRITETHROUGH")
                out_b <= ((seen_b & ~mask_b) | (data_b & mask_b))
                    >> position(DATA_WIDTH_B, address_b);
        end
    end

    wire [35:0] word_a = out_a & ones(DATA_WIDTH_A);
    wire [35:0] word_b = out_b & ones(DATA_WIDTH_B);
    wire whole_row = PSEUDO && DATA_WIDTH_B == ROW_BITS;
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
        DOA4, DOA3, DOA2, DOA1, DOA0} = whole_row ? word_b[17:0] : word_a[17:0];
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
        DOB4, DOB3, DOB2, DOB1, DOB0} = whole_row ? word_b[35:18] : word_b[17:0];
endmodule

// The same block in the guise of a primitive of its own: 36 bits in, 36 or fewer out. yosys 0.70
// writes DP16KD for it; earlier releases wrote this cell, whose halves leave in the other order
// (nextpnr's packer puts DO0..17 on DOB and DO18..35 on DOA).
module PDPW16KD (
    input DI35, DI34, DI33, DI32, DI31, DI30, DI29, DI28, DI27, DI26, DI25, DI24, DI23, DI22, DI21,
        DI20, DI19, DI18, DI17, DI16, DI15, DI14, DI13, DI12, DI11, DI10, DI9, DI8, DI7, DI6, DI5,
        DI4, DI3, DI2, DI1, DI0,
    input ADW8, ADW7, ADW6, ADW5, ADW4, ADW3, ADW2, ADW1, ADW0,
    input BE3, BE2, BE1, BE0, CEW, CLKW, CSW2, CSW1, CSW0,
    input ADR13, ADR12, ADR11, ADR10, ADR9, ADR8, ADR7, ADR6, ADR5, ADR4, ADR3, ADR2, ADR1, ADR0,
    input CER, OCER, CLKR, CSR2, CSR1, CSR0, RST,
    output DO35, DO34, DO33, DO32, DO31, DO30, DO29, DO28, DO27, DO26, DO25, DO24, DO23, DO22, DO21,
        DO20, DO19, DO18, DO17, DO16, DO15, DO14, DO13, DO12, DO11, DO10, DO9, DO8, DO7, DO6, DO5,
        DO4, DO3, DO2, DO1, DO0
);
    parameter integer DATA_WIDTH_W = 36;
    parameter integer DATA_WIDTH_R = 36;
    parameter REGMODE = "NOREG";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_W = "0b000";
    parameter CSDECODE_R = "0b000";
    parameter CLKWMUX = "CLKW";
    parameter CLKRMUX = "CLKR";
    parameter GSR = "ENABLED";
    parameter INIT_DATA = "STATIC";
    `INITIAL_CONTENTS

    `REQUIRE(DATA_WIDTH_W == 36, "PDPW16KD must be written in words of 36 bits")
    `REQUIRE(CLKWMUX == "CLKW" && CLKRMUX == "CLKR", "PDPW16KD must use rising clock edges")
    `NEVER(CLKW, CEW && RST, "PDPW16KD: RST must stay 0")

    DP16KD #(
        .DATA_WIDTH_A(DATA_WIDTH_W), .DATA_WIDTH_B(DATA_WIDTH_R),
        .REGMODE_A(REGMODE), .REGMODE_B(REGMODE),
        .CSDECODE_A(CSDECODE_W), .CSDECODE_B(CSDECODE_R),
        .GSR(GSR), .INIT_DATA(INIT_DATA),
        .INITVAL_00(INITVAL_00), .INITVAL_01(INITVAL_01), .INITVAL_02(INITVAL_02),
            .INITVAL_03(INITVAL_03), .INITVAL_04(INITVAL_04), .INITVAL_05(INITVAL_05),
            .INITVAL_06(INITVAL_06), .INITVAL_07(INITVAL_07), .INITVAL_08(INITVAL_08),
            .INITVAL_09(INITVAL_09), .INITVAL_0A(INITVAL_0A), .INITVAL_0B(INITVAL_0B),
            .INITVAL_0C(INITVAL_0C), .INITVAL_0D(INITVAL_0D), .INITVAL_0E(INITVAL_0E),
            .INITVAL_0F(INITVAL_0F), .INITVAL_10(INITVAL_10), .INITVAL_11(INITVAL_11),
            .INITVAL_12(INITVAL_12), .INITVAL_13(INITVAL_13), .INITVAL_14(INITVAL_14),
            .INITVAL_15(INITVAL_15), .INITVAL_16(INITVAL_16), .INITVAL_17(INITVAL_17),
            .INITVAL_18(INITVAL_18), .INITVAL_19(INITVAL_19), .INITVAL_1A(INITVAL_1A),
            .INITVAL_1B(INITVAL_1B), .INITVAL_1C(INITVAL_1C), .INITVAL_1D(INITVAL_1D),
            .INITVAL_1E(INITVAL_1E), .INITVAL_1F(INITVAL_1F), .INITVAL_20(INITVAL_20),
            .INITVAL_21(INITVAL_21), .INITVAL_22(INITVAL_22), .INITVAL_23(INITVAL_23),
            .INITVAL_24(INITVAL_24), .INITVAL_25(INITVAL_25), .INITVAL_26(INITVAL_26),
            .INITVAL_27(INITVAL_27), .INITVAL_28(INITVAL_28), .INITVAL_29(INITVAL_29),
            .INITVAL_2A(INITVAL_2A), .INITVAL_2B(INITVAL_2B), .INITVAL_2C(INITVAL_2C),
            .INITVAL_2D(INITVAL_2D), .INITVAL_2E(INITVAL_2E), .INITVAL_2F(INITVAL_2F),
            .INITVAL_30(INITVAL_30), .INITVAL_31(INITVAL_31), .INITVAL_32(INITVAL_32),
            .INITVAL_33(INITVAL_33), .INITVAL_34(INITVAL_34), .INITVAL_35(INITVAL_35),
            .INITVAL_36(INITVAL_36), .INITVAL_37(INITVAL_37), .INITVAL_38(INITVAL_38),
            .INITVAL_39(INITVAL_39), .INITVAL_3A(INITVAL_3A), .INITVAL_3B(INITVAL_3B),
            .INITVAL_3C(INITVAL_3C), .INITVAL_3D(INITVAL_3D), .INITVAL_3E(INITVAL_3E),
            .INITVAL_3F(INITVAL_3F)
    ) memory (
        .ADA5(ADW0), .ADA6(ADW1), .ADA7(ADW2), .ADA8(ADW3), .ADA9(ADW4), .ADA10(ADW5), .ADA11(ADW6),
            .ADA12(ADW7), .ADA13(ADW8), .ADA0(BE0), .ADA1(BE1), .ADA2(BE2), .ADA3(BE3), .ADA4(1'b0),
        .ADB0(ADR0), .ADB1(ADR1), .ADB2(ADR2), .ADB3(ADR3), .ADB4(ADR4), .ADB5(ADR5), .ADB6(ADR6),
            .ADB7(ADR7), .ADB8(ADR8), .ADB9(ADR9), .ADB10(ADR10), .ADB11(ADR11), .ADB12(ADR12),
            .ADB13(ADR13),
        .DIA0(DI0), .DIA1(DI1), .DIA2(DI2), .DIA3(DI3), .DIA4(DI4), .DIA5(DI5), .DIA6(DI6),
            .DIA7(DI7), .DIA8(DI8), .DIA9(DI9), .DIA10(DI10), .DIA11(DI11), .DIA12(DI12),
            .DIA13(DI13), .DIA14(DI14), .DIA15(DI15), .DIA16(DI16), .DIA17(DI17),
        .DIB0(DI18), .DIB1(DI19), .DIB2(DI20), .DIB3(DI21), .DIB4(DI22), .DIB5(DI23), .DIB6(DI24),
            .DIB7(DI25), .DIB8(DI26), .DIB9(DI27), .DIB10(DI28), .DIB11(DI29), .DIB12(DI30),
            .DIB13(DI31), .DIB14(DI32), .DIB15(DI33), .DIB16(DI34), .DIB17(DI35),
        .DOB0(DO0), .DOB1(DO1), .DOB2(DO2), .DOB3(DO3), .DOB4(DO4), .DOB5(DO5), .DOB6(DO6),
            .DOB7(DO7), .DOB8(DO8), .DOB9(DO9), .DOB10(DO10), .DOB11(DO11), .DOB12(DO12),
            .DOB13(DO13), .DOB14(DO14), .DOB15(DO15), .DOB16(DO16), .DOB17(DO17),
        .DOA0(DO18), .DOA1(DO19), .DOA2(DO20), .DOA3(DO21), .DOA4(DO22), .DOA5(DO23), .DOA6(DO24),
            .DOA7(DO25), .DOA8(DO26), .DOA9(DO27), .DOA10(DO28), .DOA11(DO29), .DOA12(DO30),
            .DOA13(DO31), .DOA14(DO32), .DOA15(DO33), .DOA16(DO34), .DOA17(DO35),
        .CLKA(CLKW), .CEA(CEW), .WEA(1'b1), .OCEA(1'b1), .RSTA(1'b0),
        .CSA2(CSW2), .CSA1(CSW1), .CSA0(CSW0),
        .CLKB(CLKR), .CEB(CER), .WEB(1'b0), .OCEB(OCER), .RSTB(1'b0),
        .CSB2(CSR2), .CSB1(CSR1), .CSB0(CSR0)
    );
endmodule

// 18 x 18 multiplier without registers: P = A * B, operands signed where SIGNEDA, SIGNEDB say so.
module MULT18X18D (
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input CLK3, CLK2, CLK1, CLK0, CE3, CE2, CE1, CE0, RST3, RST2, RST1, RST0,
    input SRIA17, SRIA16, SRIA15, SRIA14, SRIA13, SRIA12, SRIA11, SRIA10, SRIA9, SRIA8, SRIA7,
        SRIA6, SRIA5, SRIA4, SRIA3, SRIA2, SRIA1, SRIA0,
    input SRIB17, SRIB16, SRIB15, SRIB14, SRIB13, SRIB12, SRIB11, SRIB10, SRIB9, SRIB8, SRIB7,
        SRIB6, SRIB5, SRIB4, SRIB3, SRIB2, SRIB1, SRIB0,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
        P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0,
    output SIGNEDP
);
    parameter REG_INPUTA_CLK = "NONE";
    parameter REG_INPUTB_CLK = "NONE";
    parameter REG_INPUTC_CLK = "NONE";
    parameter REG_PIPELINE_CLK = "NONE";
    parameter REG_OUTPUT_CLK = "NONE";
    parameter SOURCEB_MODE = "B_SHIFT";
    parameter MULT_BYPASS = "DISABLED";

    `REQUIRE(REG_INPUTA_CLK == "NONE" && REG_INPUTB_CLK == "NONE" && REG_INPUTC_CLK == "NONE"
             && REG_PIPELINE_CLK == "NONE" && REG_OUTPUT_CLK == "NONE",
             "MULT18X18D has no registers here")
    `REQUIRE(MULT_BYPASS == "DISABLED", "MULT18X18D must multiply")
    always @* if (SOURCEA || SOURCEB) $fatal(1, "MULT18X18D must take its operands from A and B");

    wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1,
        A0};
    wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1,
        B0};
    wire signed [35:0] wide_a = {{18{SIGNEDA & a[17]}}, a};
    wire signed [35:0] wide_b = {{18{SIGNEDB & b[17]}}, b};
    wire signed [35:0] product = wide_a * wide_b;
    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19,
        P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} =
        product;
    assign SIGNEDP = SIGNEDA | SIGNEDB;
endmodule
